"""Brings up `manage.py` commands by fork, in milliseconds: a storm kills many, and Django takes seconds to load.

    python -m tests.storms.nursery        reads a line `dispatch --queue deliveries`, forks, prints the child's pid

The child is the very command: it runs what `manage.py` runs and opens all its connections itself.
"""

from __future__ import annotations

import os
import signal
import sys

import config.settings  # noqa: F401 - binds this process and its children to the one that started it


def main() -> None:
    """Serves until its input ends; its children end with it."""
    import django

    django.setup()
    from django.core.management import call_command

    import config.urls  # noqa: F401 - loads what a first sweep would load
    from assistant.understanding import words

    words.warm()
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for the killed ones
    for line in sys.stdin:
        arguments = line.split()
        pid = os.fork()
        if pid == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            os.setsid()
            call_command(*arguments)
            os._exit(0)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
