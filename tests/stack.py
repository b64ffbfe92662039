"""The servers behind the tests: a real PostgreSQL and a real Valkey, started before any setting is read.

One process (the controller under xdist) starts them and migrates a template database; each worker gets a copy of
it. `MARZHA_TEST_DATA` names another folder, so that two runs on one machine do not meet.
"""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")
TEMPLATE = "marzha"

_servers = None


def _schema() -> str:
    """A digest of everything that makes the schema."""
    digest = hashlib.sha256()
    for path in sorted(
        [*ROOT.glob("*/migrations/*.py"), *ROOT.glob("*/functions.py"), ROOT / "work/queue.py"]
    ):
        digest.update(path.read_bytes())
    digest.update((ROOT / "tenants/constraints.py").read_bytes())
    return digest.hexdigest()


def _start() -> None:
    global _servers
    data = Path(os.environ.get("MARZHA_TEST_DATA", ROOT / ".local/test")).resolve()
    for name in ("DATABASE_URL", "DATABASE_URL_RW", "DATABASE_URL_RO", "DATABASE_URL_INGEST", "REDIS_URL"):
        os.environ.pop(name, None)
    os.environ |= {
        "MARZHA_DATA": str(data),
        "ALLOW_PRIVATE_HOSTS": "1",
        "DJANGO_SETTINGS_MODULE": "config.settings",
    }
    sys.path.insert(0, str(ROOT))
    from config import environment, roles, servers

    _servers = servers.start(data, durable=False)
    given = environment.load()
    stamp = data / "schema"
    if not stamp.exists() or stamp.read_text() != _schema():
        drop(given.databases.admin, TEMPLATE)
        roles.ensure(given)
        done = subprocess.run(
            [sys.executable, "-m", "django", "migrate", "--database", "owner", "--skip-checks", "-v", "0"],
            cwd=ROOT,
            check=False,
        )
        if done.returncode:
            raise SystemExit("the schema could not be made")
        stamp.write_text(_schema())


def drop(admin_url: str | None, name: str) -> None:
    """Drops a database of the test server."""
    import psycopg2

    assert admin_url
    admin = psycopg2.connect(admin_url)
    admin.autocommit = True
    admin.cursor().execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
    admin.close()


def copy(admin_url: str | None, name: str) -> None:
    """Makes a database from the migrated template."""
    import psycopg2

    assert admin_url
    drop(admin_url, name)
    admin = psycopg2.connect(admin_url)
    admin.autocommit = True
    admin.cursor().execute(f'CREATE DATABASE "{name}" TEMPLATE "{TEMPLATE}" OWNER app_owner')
    admin.close()


def pytest_unconfigure() -> None:
    """Stops what `_start` began."""
    if _servers is not None:
        _servers.stop()


if not WORKER:
    _start()
