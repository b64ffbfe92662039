#!/usr/bin/env python
"""Runs management commands, with the embedded servers of MARZHA_DATA joined or started for the command's time.

A command's result is one JSON document on stdout; logs go to stderr. Exit 0 done, 1 failed, 2 wrong usage.
"""

import os
import signal
import sys

from config import environment, postgres, roles, servers

WITHOUT_SERVERS = {
    "", "--help", "-h", "help", "--version", "version", "collectstatic", "findstatic", "makemessages",
    "compilemessages", "makemigrations", "diffsettings", "spectacular", "check",
}  # fmt: skip
"""Commands that need no database; `check --database` and every other command do."""


def main() -> None:
    """Runs the command of argv."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    signal.signal(signal.SIGTERM, _end)  # so that servers started for this command are stopped with it
    try:
        given = environment.load()
        if _needs_servers(sys.argv[1:]):
            with servers.running(given):
                _run()
        else:
            _run()
    except environment.Refused as refused:
        _fail(str(refused), code=2)
    except (postgres.Broken, roles.MayNot, servers.AlreadyRunning) as error:
        _fail(str(error), code=1)


def _needs_servers(arguments: list[str]) -> bool:
    if "--help" in arguments:
        return False
    return "--database" in arguments or (arguments[:1] or [""])[0] not in WITHOUT_SERVERS


def _run() -> None:
    from django.core.management import (
        execute_from_command_line,
    )  # the environment is checked before Django loads

    execute_from_command_line(sys.argv)


def _end(signum: int, _: object) -> None:
    sys.exit(128 + signum)


def _fail(message: str, *, code: int) -> None:
    print(message, file=sys.stderr)
    sys.exit(code)


if __name__ == "__main__":
    main()
