"""The roof: wires all rooms together and decides nothing itself."""

from config import leash

# Each process of the product imports this package, workers that a server forks included: a process that the
# launcher started ends with its parent instead of holding a port on its own.
leash.bind_if_asked()
