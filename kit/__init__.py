"""Tools without tables: the one way out to the network, phones, text, money, periods, limits, live events."""
