"""Are the tables those of this code? Answered in milliseconds, without loading Django.

After `migrate` the database itself carries, as its comment, a digest of the code's migrations and of those it
has applied. While both stay the same there is nothing to migrate.
"""

import hashlib
from typing import Any

import psycopg2
from psycopg2 import sql

from config import environment


def needed(given: environment.Environment) -> bool:
    """Must `migrate` run before the product starts?"""
    with _Owner(given) as owner:
        noted = owner.rows(
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
        return noted[0][0] != _digest(owner)


def is_empty(given: environment.Environment) -> bool:
    """Has the database no tables of ours yet?"""
    with _Owner(given) as owner:
        return not owner.applied()


def note_done(given: environment.Environment) -> None:
    """Notes in the database that it now fits this code."""
    with _Owner(given) as owner:
        owner.note(_digest(owner))


class _Owner:
    def __init__(self, given: environment.Environment) -> None:
        self._url = given.databases.owner

    def __enter__(self) -> "_Owner":
        self._connection = psycopg2.connect(self._url, connect_timeout=10)
        self._connection.autocommit = True
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with self._connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall()

    def applied(self) -> list[tuple[Any, ...]]:
        if self.rows("SELECT to_regclass('public.django_migrations')")[0][0] is None:
            return []
        return self.rows("SELECT app, name FROM django_migrations ORDER BY app, name")

    def noted(self) -> str | None:
        comment = (
            "SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = current_database()"
        )
        found: str | None = self.rows(comment)[0][0]
        return found

    def note(self, digest: str) -> None:
        database = sql.Identifier(self._connection.info.dbname)
        with self._connection.cursor() as cursor:
            cursor.execute(sql.SQL("COMMENT ON DATABASE {} IS {}").format(database, sql.Literal(digest)))


def _digest(owner: _Owner) -> str:
    digest = hashlib.sha256(repr(owner.applied()).encode())
    code = [
        *sorted(environment.ROOT.glob("*/migrations/*.py")),
        *sorted((environment.ROOT / "tenants").glob("*.py")),  # rights are granted after migrations
        environment.ROOT / "config" / "settings.py",
        environment.ROOT / "requirements" / "prod.lock",
    ]
    for file in code:
        digest.update(f"\0{file.relative_to(environment.ROOT)}\0".encode())
        digest.update(file.read_bytes())
    return f"marzha {digest.hexdigest()}"
