"""The stand: own servers with everything that makes them durable, a fresh database, the product's processes."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


@contextlib.contextmanager
def servers(data: Path) -> Iterator[None]:
    """PostgreSQL (fsync on) and Valkey in a folder of their own, migrated; Django is set up behind them."""
    shutil.rmtree(data, ignore_errors=True)
    data.mkdir(parents=True)
    for name in ("DATABASE_URL", "DATABASE_URL_RW", "DATABASE_URL_RO", "DATABASE_URL_INGEST", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "MARZHA_DATA": str(data),
        "ALLOW_PRIVATE_HOSTS": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    from config import environment, roles
    from config import servers as embedded

    running = embedded.start(data, durable=True)
    try:
        roles.ensure(environment.load())
        migrate = [
            sys.executable,
            "-m",
            "django",
            "migrate",
            "--database",
            "owner",
            "--skip-checks",
            "-v",
            "0",
        ]
        subprocess.run(migrate, cwd=ROOT, check=True)
        import django

        django.setup()
        yield
    finally:
        from django.db import connections

        connections.close_all()
        running.stop()


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def process(*command: str, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the product for the time of the block."""
    log = Path(os.environ["MARZHA_DATA"]) / f"{Path(command[0]).name}-{time.time_ns()}.log"
    with log.open("wb") as out:
        running = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | environ,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield running
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(running.pid, signal.SIGTERM)
            try:
                running.wait(15)
            except subprocess.TimeoutExpired:
                os.killpg(running.pid, signal.SIGKILL)


@contextlib.contextmanager
def web(application: str, *, interface: str, workers: int, threads: int = 0) -> Iterator[str]:
    """granian with an application; yields its address once it answers."""
    port = free_port()
    command = [
        sys.executable, "-m", "granian", "--interface", interface, application, "--host", "127.0.0.1",
        "--port", str(port), "--workers", str(workers), "--backlog", "4096", "--workers-kill-timeout", "3",
        "--log-level", "warning",
    ]  # fmt: skip
    command += ["--blocking-threads", str(threads)] if threads else ["--backpressure", "4096"]
    with process(*command, PORT=str(port), PUBLIC_URL=f"http://127.0.0.1:{port}"):
        url = f"http://127.0.0.1:{port}"
        for _ in range(150):
            with contextlib.suppress(OSError):
                urllib.request.urlopen(f"{url}/healthz", timeout=2)
                break
            time.sleep(0.2)
        yield url
