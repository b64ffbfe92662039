"""The embedded servers of one data folder: who starts them, who joins, who stops them.

The one that starts them owns them until it ends and holds `servers.owner` meanwhile, a lock that the system
drops at its death. Others join by the ports in servers.json and hold `servers.users` together, so that an
owner waits for them before it stops. Starting, joining and stopping happen one at a time under `servers.lock`.
"""

import contextlib
import fcntl
import json
import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Literal

from config import environment, postgres, roles, valkey

Kind = Literal["launcher", "command", "tests"]


class AlreadyRunning(Exception):
    """Another process owns the servers of this data folder."""


class Servers:
    """Running servers that this process owns. `postgres` or `valkey` is None where an outside one is used."""

    def __init__(
        self, data_dir: Path, *, kind: Kind, durable: bool, with_postgres: bool, with_valkey: bool
    ) -> None:
        passwords = environment.load({"MARZHA_DATA": str(data_dir)}).passwords
        logs = data_dir / "logs"
        self.data_dir, self.kind = data_dir, kind
        self._owning = os.open(data_dir / "servers.owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._owning, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._owning)
            raise AlreadyRunning(f"the servers of {data_dir} already run; stop that command first") from None
        self.postgres = (
            postgres.Postgres(
                data_dir / "postgres",
                password=passwords["postgres"],
                durable=durable,
                log=logs / "postgres.log",
            )
            if with_postgres
            else None
        )
        self.valkey = (
            valkey.Valkey(data_dir / "valkey", password=passwords["valkey"], log=logs / "valkey.log")
            if with_valkey
            else None
        )

    def start(self) -> None:
        """Starts what is not alive, on its former port if it had one, and writes servers.json."""
        for server in (self.valkey, self.postgres):
            if server is not None and not server.alive():
                server.start(port=server.port)
        self._note()

    def stop(self) -> None:
        """Stops both and gives the folder free."""
        for server in (self.valkey, self.postgres):
            if server is not None:
                server.stop()
        (self.data_dir / "servers.json").unlink(missing_ok=True)
        os.close(self._owning)

    @property
    def database_url(self) -> str:
        """The superuser's address, for set-up and tests."""
        assert self.postgres is not None
        return self.postgres.url()

    @property
    def redis_url(self) -> str:
        assert self.valkey is not None
        return self.valkey.url

    def _note(self) -> None:
        told: dict[str, Any] = {"kind": self.kind, "pid": os.getpid()}
        if self.postgres is not None:
            told["postgres"] = {"port": self.postgres.port, "pid": self.postgres.pid}
        if self.valkey is not None:
            told["valkey"] = {"port": self.valkey.port, "pid": self.valkey.pid}
        environment.write_private(self.data_dir / "servers.json", json.dumps(told))


def start(
    data_dir: Path,
    *,
    durable: bool = True,
    kind: Kind = "tests",
    with_postgres: bool = True,
    with_valkey: bool = True,
) -> Servers:
    """Starts the servers of a data folder and owns them until `.stop()` or this process's end.

    `durable=False` switches fsync off: for tests alone. Raises AlreadyRunning, postgres.Broken.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    servers = Servers(
        data_dir.resolve(), kind=kind, durable=durable, with_postgres=with_postgres, with_valkey=with_valkey
    )
    try:
        servers.start()
    except BaseException:
        servers.stop()
        raise
    return servers


@contextlib.contextmanager
def shared(
    data_dir: Path,
    *,
    durable: bool = True,
    kind: Kind = "command",
    with_postgres: bool = True,
    with_valkey: bool = True,
) -> Iterator[Servers | None]:
    """Servers for the time of the block: joins running ones (yields None) or starts and later stops its own.

    An owner waits at its end until those that joined are done.
    """
    data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    mutex = data_dir / "servers.lock"
    users = data_dir / "servers.users"
    with contextlib.ExitStack() as held:
        with environment.locked(mutex):
            owned: Servers | None = None
            while True:
                if not is_owned(data_dir):
                    owned = start(
                        data_dir,
                        durable=durable,
                        kind=kind,
                        with_postgres=with_postgres,
                        with_valkey=with_valkey,
                    )
                elif _await_ports(data_dir, with_postgres=with_postgres, with_valkey=with_valkey):
                    held.enter_context(environment.locked(users, shared=True))
                else:
                    continue  # the owner ended meanwhile
                break
        try:
            yield owned
        finally:
            if owned is not None:
                with environment.locked(mutex), environment.locked(users):
                    owned.stop()


@contextlib.contextmanager
def running(given: environment.Environment) -> Iterator[environment.Environment]:
    """The environment with its servers up: outside ones untouched, embedded ones joined or started.

    The database and its roles exist inside the block; its tables are made by `migrate`.
    """
    if not given.embedded_postgres and not given.embedded_redis:
        yield given
        return
    with shared(
        given.data_dir, with_postgres=given.embedded_postgres, with_valkey=given.embedded_redis
    ) as owned:
        now = environment.load()
        if owned is not None and given.embedded_postgres:
            roles.ensure(now)
        yield now


def is_owned(data_dir: Path) -> bool:
    """Does a living process own servers of this folder? (It may still be starting them.)"""
    handle = os.open(data_dir / "servers.owner", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(handle)
    return False


def owner(data_dir: Path) -> tuple[Kind, int] | None:
    """Kind and pid of the process that owns the servers of this folder, if one lives."""
    told = environment.running_servers(data_dir)
    if told and is_owned(data_dir):
        return told["kind"], int(told["pid"])
    return None


def _await_ports(data_dir: Path, *, with_postgres: bool, with_valkey: bool, patience: float = 30.0) -> bool:
    """Waits until the owner's servers answer: it may be starting them, or bringing a crashed one back.

    False when the owner ended instead.
    """
    wanted = [name for name, is_wanted in (("postgres", with_postgres), ("valkey", with_valkey)) if is_wanted]
    end = time.monotonic() + patience
    while time.monotonic() < end:
        told = environment.running_servers(data_dir)
        if told and (missing := [name for name in wanted if name not in told]):
            raise AlreadyRunning(
                f"{data_dir} is in use by a command that has no {' and '.join(missing)} of its own"
            )
        if told and all(_listens(told[name]["port"]) for name in wanted):
            return True
        if not is_owned(data_dir):
            return False
        time.sleep(0.05)
    raise postgres.Broken(f"the servers of {data_dir} do not answer; see {data_dir / 'logs'}")


def _listens(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=1).close()
    except OSError:
        return False
    return True
