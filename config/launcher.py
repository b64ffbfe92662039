"""Everything of one box in the foreground: `python -m config.launcher up` (or `demo`, with a demo tenant).

Starts the servers, makes roles and tables, starts web, dispatch, worker and beat, and keeps them up: what dies
is started again after 1, 2, 4 ... 30 seconds. SIGINT or SIGTERM stops all of it, the servers last.
"""

import contextlib
import http.client
import json
import os
import select
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from config import environment, leash, migrating, postgres, processes, roles, servers

STOP_PATIENCE = 6.0
"""Seconds that the product's processes get to end by themselves before they are killed."""

LOG_LIMIT = 20 * 1024 * 1024
"""Bytes after which a log becomes `<name>.log.1` and begins anew."""


class Stop(Exception):
    """Somebody asked for the end."""


class Failed(Exception):
    """Set-up cannot go on; the message says what to do."""


def main(arguments: Sequence[str]) -> int:
    """Runs until it is asked to stop. Returns the exit code: 0 stopped, 1 failed, 2 wrong usage."""
    if list(arguments) not in (["up"], ["demo"]):
        print("usage: python -m config.launcher up|demo", file=sys.stderr)
        return 2
    if os.environ.get("MAKELEVEL"):
        leash.bind(
            signal.SIGTERM
        )  # `make` killed with -9 takes this process along, which then stops all in order
    demo = arguments[0] == "demo"
    try:
        given = environment.load({**os.environ, "MARZHA_DEMO": "1"} if demo else None)
    except environment.Refused as refused:
        print(refused, file=sys.stderr)
        return 2
    launcher = Launcher(given, demo=demo)
    try:
        launcher.set_up()
        launcher.supervise()
    except Stop:
        return 0
    except (Failed, postgres.Broken, roles.MayNot, servers.AlreadyRunning) as error:
        print(f"\n{error}", file=sys.stderr)
        return 1
    finally:
        launcher.stop()
    return 0


class Launcher:
    """The state of one `make up`."""

    def __init__(self, given: environment.Environment, *, demo: bool) -> None:
        self.given, self.demo = given, demo
        self.logs = given.data_dir / "logs"
        self.servers: servers.Servers | None = None
        self.servers_backoff = processes.Backoff()
        self.processes: list[processes.Process] = []
        self.step: subprocess.Popen[bytes] | None = None
        self.stopping = False
        self.began = time.monotonic()
        self._waking, writing = os.pipe()
        for end in (self._waking, writing):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
        for signum in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            if signum != signal.SIGHUP or signal.getsignal(signum) != signal.SIG_IGN:  # nohup means it
                signal.signal(signum, self._ask_to_stop)
        signal.signal(signal.SIGCHLD, lambda *_: None)  # only to wake the loop

    # ------------------------------------------------------------------ set-up

    def set_up(self) -> None:
        """Servers, roles, tables, demo data, processes; returns when the product answers. Raises Stop, Failed."""
        self.logs.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._refuse_taken_port()
        if self.given.embedded_postgres or self.given.embedded_redis:
            self._step("PostgreSQL and Valkey", self._start_servers)
        self._step("database roles", lambda: roles.ensure(self.given))
        fresh = False
        if self.given.databases.owner != environment.NOWHERE and migrating.needed(self.given):
            fresh = migrating.is_empty(self.given)
            self._step("tables", self._migrate)
        demo_file = self.given.data_dir / "demo.json"
        if self.demo and (fresh or not demo_file.exists()):
            self._step("three months of a demo salon", lambda: self._remember_demo(self._run(_loading())))
        elif self.demo:  # keeps what is there: nothing waits for it
            self.step = self._begin(_loading())
        for name, words in self._commands().items():
            self.processes.append(processes.Process(name, words))
        self._step("web, dispatch, worker, beat", self._start_processes)
        self._greet()

    def _commands(self) -> dict[str, list[str]]:
        return processes.commands(self.given)

    def _start_servers(self) -> None:
        told = False
        while True:
            try:
                with environment.locked(self.given.data_dir / "servers.lock"):
                    self.servers = servers.start(
                        self.given.data_dir,
                        kind="launcher",
                        with_postgres=self.given.embedded_postgres,
                        with_valkey=self.given.embedded_redis,
                    )
                break
            except servers.AlreadyRunning:
                kind, pid = servers.owner(self.given.data_dir) or ("command", 0)
                if kind == "launcher":
                    raise Failed(f"Marzha already runs on {self.given.data_dir} (process {pid}).") from None
                if not told:
                    self._say(f"  waiting for a command that uses these servers (process {pid})")
                    told = True
                self._pause(0.3)
        self.given = environment.load({**os.environ, "MARZHA_DEMO": "1"} if self.demo else None)

    def _migrate(self) -> None:
        self._run([sys.executable, "manage.py", "migrate", "--database", "owner", "--noinput"])
        migrating.note_done(self.given)

    def _remember_demo(self, printed: bytes) -> None:
        environment.write_private(self.given.data_dir / "demo.json", printed.decode())

    def _start_processes(self) -> None:
        for process in self.processes:
            self._start(process)
        end = time.monotonic() + 120
        while not self._answers():
            self._pause(0.1)
            self._tend()
            if time.monotonic() > end:
                raise Failed(f"/readyz does not answer 200; see {self.logs}:\n{self._last_words('web')}")

    def _greet(self) -> None:
        took = time.monotonic() - self.began
        self._say(f"\nMarzha is up: {self.given.public_url}   ({took:.1f} s)")
        if self.demo:
            if self.step is not None:
                try:
                    self._remember_demo(self._finish(self.step, command=_loading()[1:]))
                except Failed as error:  # what was loaded before still stands
                    self._say(str(error))
            self._show_logins()
        self._say(f"Logs: {self.logs}   Stop: Ctrl-C\n")

    def _show_logins(self) -> None:
        try:
            told: Any = json.loads((self.given.data_dir / "demo.json").read_bytes())
        except (OSError, ValueError):
            self._say(f"The demo data did not load; see {self.logs / 'setup.log'}")
            return
        for login in told.get("logins", []) if isinstance(told, dict) else []:
            self._say("  " + "   ".join(f"{value}" for value in login.values()))

    def _refuse_taken_port(self) -> None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((self.given.host, self.given.port))
            except OSError as error:
                mode = "demo" if self.demo else "up"
                raise Failed(
                    f"Port {self.given.port} cannot be used ({error.strerror}). Another one: PORT=8001 make {mode}"
                ) from error

    # ------------------------------------------------------------------ keeping up

    def supervise(self) -> None:
        """Keeps everything up until somebody asks for the end, then raises Stop."""
        while True:
            self._pause(1.0)
            self._tend()
            self._bound_logs()

    def _tend(self) -> None:
        """Notes deaths and starts again what is due."""
        self._tend_servers()
        for process in self.processes:
            if process.running is not None and process.running.poll() is not None:
                leash.kill_group(process.running)  # what a dead parent left behind would hold its port
                waiting = process.backoff.died()
                self._say(
                    f"{process.name} ended ({_cause(process.running.returncode)}), again in {waiting:.0f} s\n"
                    f"{self._last_words(process.name)}"
                )
                process.running = None
            if process.running is None and process.backoff.ready():
                self._start(process)

    def _tend_servers(self) -> None:
        if self.servers is None:
            return
        dead = [
            (name, server)
            for name, server in (("PostgreSQL", self.servers.postgres), ("Valkey", self.servers.valkey))
            if server is not None and not server.alive()
        ]
        if not dead or not self.servers_backoff.ready():
            return
        self.servers_backoff.died()
        names = " and ".join(name for name, _ in dead)
        try:
            self.servers.start()
            self._say(f"{names} ended and was started again")
        except postgres.Broken as error:
            self._say(
                f"{names} ended and does not start, again in {self.servers_backoff.delay:.0f} s: {error}"
            )

    def _start(self, process: processes.Process) -> None:
        process.backoff.began = time.monotonic()
        process.running = self._popen(process.command, log=process.name)

    # ------------------------------------------------------------------ the end

    def stop(self) -> None:
        """Stops the product's processes at once, then the servers; bounded to about ten seconds."""
        self.stopping = True
        running = [process.running for process in self.processes if process.running is not None]
        if self.step is not None:
            running.append(self.step)
        if running:
            self._say("stopping")
        for one in running:
            if one.poll() is None:
                one.send_signal(signal.SIGTERM)
        end = time.monotonic() + STOP_PATIENCE
        for one in running:
            try:
                one.wait(max(0.0, end - time.monotonic()))
            except subprocess.TimeoutExpired:
                self._say(f"process {one.pid} did not end by itself and was killed")
            leash.kill_group(one)
            one.wait()
        if self.servers is not None:
            self.servers.stop()
            self._say("stopped")

    def _ask_to_stop(self, *_: object) -> None:
        self.stopping = True

    # ------------------------------------------------------------------ small tools

    def _step(self, name: str, work: Callable[[], object]) -> None:
        began = time.monotonic()
        self._say(f"  {name} ... ", end="")
        work()
        self._pause(0)
        self._say(f"{time.monotonic() - began:.1f} s")

    def _pause(self, seconds: float) -> None:
        """Sleeps, shorter when a signal comes. Raises Stop."""
        if not self.stopping and seconds:
            select.select([self._waking], [], [], seconds)
            try:
                os.read(self._waking, 4096)
            except BlockingIOError:
                pass
        if self.stopping:
            raise Stop

    def _run(self, command: list[str]) -> bytes:
        """Runs a step to its end and returns its stdout. Raises Failed with its last words, Stop."""
        self.step = self._begin(command)
        return self._finish(self.step, command=command[1:])

    def _begin(self, command: list[str]) -> subprocess.Popen[bytes]:
        with (self.logs / "setup.out").open("wb") as printed:
            return self._popen(command, log="setup", output=printed)

    def _finish(self, process: subprocess.Popen[bytes], *, command: list[str]) -> bytes:
        while process.poll() is None:
            self._pause(0.2)
            self._tend()
        self.step = None
        if process.returncode:
            words = " ".join(command)
            raise Failed(f"`{words}` failed ({_cause(process.returncode)}):\n{self._last_words('setup')}")
        return (self.logs / "setup.out").read_bytes()

    def _popen(self, command: list[str], *, log: str, output: Any = None) -> subprocess.Popen[bytes]:
        environ = {
            **os.environ,
            "MARZHA_DATA": str(self.given.data_dir),
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "PYTHONUNBUFFERED": "1",
            leash.ASK: "1",
        }
        if self.demo:
            environ["MARZHA_DEMO"] = "1"
        environ.pop("MAKELEVEL", None)
        with (self.logs / f"{log}.log").open("ab") as errors:
            return leash.popen(
                command,
                at_parents_end=signal.SIGKILL,
                cwd=environment.ROOT,
                environ=environ,
                output=errors if output is None else output,
                errors=errors,
            )

    def _answers(self) -> bool:
        host = "127.0.0.1" if self.given.host in {"0.0.0.0", "::", ""} else self.given.host
        line = http.client.HTTPConnection(host, self.given.port, timeout=3)
        try:
            line.request("GET", "/readyz")
            return line.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            line.close()

    def _last_words(self, name: str) -> str:
        try:
            with (self.logs / f"{name}.log").open("rb") as log:
                log.seek(max(0, log.seek(0, os.SEEK_END) - 1500))
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        return "\n".join(f"    {line}" for line in lines[-8:])

    def _bound_logs(self) -> None:
        for log in self.logs.glob("*.log"):
            if log.stat().st_size > LOG_LIMIT:
                # Its writers hold it open for appending, so it is emptied rather than moved away.
                Path(f"{log}.1").write_bytes(log.read_bytes())
                os.truncate(log, 0)

    def _say(self, text: str, end: str = "\n") -> None:
        with contextlib.suppress(OSError):  # who listened may be gone; the house stands on
            print(text, end=end, flush=True)


def _loading() -> list[str]:
    return [sys.executable, "manage.py", "demo", "load", "demo"]


def _cause(code: int) -> str:
    return f"signal {signal.Signals(-code).name}" if code < 0 else f"exit {code}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
