"""`python -m fakes.bitrix24 --port 8024 [--state FILE] [--no-rest] [--simple]`: a portal alone."""

import argparse
import contextlib
import pathlib
import sys

from fakes.bitrix24 import portal, server


def main() -> None:
    """Run a portal until interrupted; its addresses go to stdout."""
    parser = argparse.ArgumentParser(prog="python -m fakes.bitrix24")
    parser.add_argument("--port", type=int, default=8024)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--state", type=pathlib.Path, help="keep the portal's rows in this file")
    parser.add_argument("--no-rest", action="store_true", help="a plan without REST")
    parser.add_argument("--simple", action="store_true", help="no leads, deals only")
    given = parser.parse_args()
    fake = server.Server(port=given.port, host=given.host, state=given.state)
    fake.portal.plan = not given.no_rest
    if given.simple:
        fake.portal.mode = portal.SIMPLE
    sys.stdout.write(f"page    {fake.url}\nwebhook {fake.webhook_url}\n")
    sys.stdout.flush()
    with contextlib.suppress(KeyboardInterrupt):
        fake.serve()
    fake.stop()


if __name__ == "__main__":
    main()
