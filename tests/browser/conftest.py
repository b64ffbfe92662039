"""The whole product as processes of its own, and a Chromium to walk through it.

    @pytest.mark.browser
    def test_a_walk(house: House, salon: Salon, chromium: Browser) -> None:
        inbox = page.visit(chromium, house.url + "/inbox/", cookies=[page.login_cookie(olga, house.url)])

`house` is what `make up` starts, on a free port and on this test's own database: rows made by fixtures (`salon`,
`olga`, …) are there for the browser, and rows made by the browser are there for the test.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser

from config import environment, leash, postgres
from tests.browser import page

READY_SECONDS = 60
STOP_SECONDS = 6
LAST_LINES = 60

_failed = pytest.StashKey[bool]()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: Any) -> Iterator[None]:
    """Notes a failure, so that the house's words are shown with it."""
    report = yield
    if report.failed:
        item.stash[_failed] = True
    return report


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """One Chromium for a file; closed with it, for its event loop would stand in the way of other tests."""
    with page.browser() as running:
        yield running


@dataclasses.dataclass
class House:
    """Running processes: `web` (granian with `config.asgi`) and `dispatch`."""

    url: str
    port: int
    folder: Path
    environ: dict[str, str]
    processes: dict[str, subprocess.Popen[bytes]] = dataclasses.field(default_factory=dict)

    def start(self, name: str) -> None:
        """Starts a process, or starts it again after `stop`."""
        python = sys.executable
        commands = {
            "web": [
                *(python, "-m", "granian", "--interface", "asgi", "config.asgi:application"),
                *(
                    "--host",
                    "127.0.0.1",
                    "--port",
                    str(self.port),
                    "--workers",
                    "1",
                    "--backpressure",
                    "2000",
                ),
                *("--workers-kill-timeout", "2", "--no-ws", "--log-level", "warning"),
            ],
            "dispatch": [python, "manage.py", "dispatch"],
        }
        with self.log(name).open("ab") as out:
            self.processes[name] = leash.popen(
                commands[name],
                at_parents_end=signal.SIGKILL,
                cwd=environment.ROOT,
                environ=self.environ,
                output=out,
                errors=out,
            )

    def stop(self, name: str) -> None:
        """Stops a process and whatever it forked; one that does not listen is killed."""
        process = self.processes.pop(name, None)
        if process is None:
            return
        process.terminate()
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(STOP_SECONDS)
        leash.kill_group(process)
        process.wait()

    def ready(self) -> bool:
        """Whether /readyz answers 200."""
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=5)
        try:
            line.request("GET", "/readyz")
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def wait(self) -> None:
        """Returns when it is up.

        Raises:
            RuntimeError: a process ended, or it takes too long; the message has its last words.
        """
        end = time.monotonic() + READY_SECONDS
        while not self.ready():
            dead = [name for name, process in self.processes.items() if process.poll() is not None]
            if dead or time.monotonic() > end:
                raise RuntimeError(
                    f"the house does not stand ({', '.join(dead) or 'too slow'})\n{self.words()}"
                )
            time.sleep(0.1)

    def log(self, name: str) -> Path:
        """Where a process writes."""
        return self.folder / f"{name}.log"

    def words(self) -> str:
        """The last lines of each process."""
        said = []
        for log in sorted(self.folder.glob("*.log")):
            lines = log.read_text(errors="replace").splitlines()[-LAST_LINES:]
            said.append(f"---- {log.stem}\n" + "\n".join(lines))
        return "\n".join(said)


@pytest.fixture
def house(
    live_db: dict[str, str], tmp_path: Path, settings: Any, request: pytest.FixtureRequest
) -> Iterator[House]:
    """The product up and ready; its processes end with the test, their logs are shown when it fails."""
    port = postgres.free_port()
    url = f"http://127.0.0.1:{port}"
    # Its own data folder, with our keys in it: what another test leaves in its spool is not ours to drain.
    data = tmp_path / "house"
    data.mkdir(mode=0o700)
    shutil.copy(environment.load().data_dir / "secrets.json", data / "secrets.json")
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TZ") if name in os.environ}
    providers = {
        environment.PROVIDERS[name][0]: address for name, address in settings.PROVIDER_URLS.items() if address
    }
    standing = House(
        url=url,
        port=port,
        folder=tmp_path,
        environ={
            **kept,
            **live_db,
            **providers,
            "MARZHA_DATA": str(data),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
            "PUBLIC_URL": url,
            "PORT": str(port),
            "ALLOW_PRIVATE_HOSTS": "1",
            "WEB_THREADS": "6",
            leash.ASK: "1",
        },
    )
    settings.PUBLIC_URL = url
    try:
        for name in ("web", "dispatch"):
            standing.start(name)
        standing.wait()
        yield standing
    finally:
        for name in list(standing.processes):
            standing.stop(name)
        if request.node.stash.get(_failed, False):
            print(standing.words())  # pytest shows it beside the failure
