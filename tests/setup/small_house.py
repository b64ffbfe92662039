"""The real launcher with real servers around processes that cost nothing: run by test_launcher.py.

`web` answers /readyz; the others sleep. Each of them forks a child, as granian and Celery do, and writes both pids
into MARZHA_DATA/pids/.
"""

import os
import sys
from pathlib import Path

from config import environment, launcher

FORKED = """
import os, sys, time
from pathlib import Path
import config
name = sys.argv[1]
child = os.fork()
if child == 0:
    time.sleep(600)
folder = Path(os.environ["MARZHA_DATA"]) / "pids"
folder.mkdir(exist_ok=True)
(folder / f"{name}.new").write_text(f"{os.getpid()} {child}")
(folder / f"{name}.new").rename(folder / name)
"""

SLEEP = FORKED + "\ntime.sleep(600)\n"

DEAF = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\n" + SLEEP

WEB = (
    FORKED
    + """
import http.server
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200)
        self.end_headers()
    def log_message(self, *_):
        pass
http.server.HTTPServer(("127.0.0.1", int(os.environ["PORT"])), Answer).serve_forever()
"""
)


class SmallHouse(launcher.Launcher):
    """The launcher with other commands and no tables."""

    def _commands(self) -> dict[str, list[str]]:
        sleep = DEAF if "deaf" in sys.argv else SLEEP
        scripts = {"web": WEB, "dispatch": SLEEP, "worker": SLEEP, "beat": sleep}
        return {name: [sys.executable, "-c", script, name] for name, script in scripts.items()}

    def _migrate(self) -> None:
        return


if __name__ == "__main__":
    os.environ["PYTHONPATH"] = str(environment.ROOT)
    Path(os.environ["MARZHA_DATA"]).mkdir(exist_ok=True)
    launcher.STOP_PATIENCE = 1.0
    launcher.Launcher = SmallHouse  # type: ignore[misc]
    sys.exit(launcher.main(["up"]))
