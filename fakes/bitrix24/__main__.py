"""`python -m fakes.bitrix24 --port 8024 [--state FILE] [--no-rest] [--simple]`: a portal alone."""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import threading

from fakes.bitrix24 import FakeBitrix24, portal


def main() -> None:
    """Runs a portal until it is interrupted; its addresses go to stdout as JSON."""
    parser = argparse.ArgumentParser(prog="python -m fakes.bitrix24", description="A fake Bitrix24 portal")
    parser.add_argument("--port", type=int, default=8024)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    parser.add_argument("--state", type=pathlib.Path, help="keep the portal's rows in this file")
    parser.add_argument("--no-rest", action="store_true", help="a plan without REST")
    parser.add_argument("--simple", action="store_true", help="no leads, deals only")
    given = parser.parse_args()
    fake = FakeBitrix24(port=given.port, host=given.host, latency=given.latency, state=given.state)
    fake.portal.plan = not given.no_rest
    fake.portal.mode = portal.SIMPLE if given.simple else portal.CLASSIC
    fake.start()
    sys.stdout.write(json.dumps({"url": fake.url, "webhook_url": fake.webhook_url}) + "\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        fake.stop()


if __name__ == "__main__":
    main()
