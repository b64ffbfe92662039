"""Database roles: who may do what, made once and mended at every start.

app_owner owns the database and migrates. app_rw, app_ro and app_ingest are the product: neither owner nor
superuser nor above row-level security, and they may touch only what migrations grant them table by table.
app_maint logs in nowhere and owns the few reviewed functions that look across tenants.
"""

import contextlib
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg2
import psycopg2.errors
from psycopg2 import sql
from psycopg2.extensions import connection, encrypt_password

from config import environment

EXTENSIONS = ("btree_gist", "btree_gin", "pg_trgm")

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "rw": {
        "statement_timeout": "30s",
        "lock_timeout": "5s",
        "idle_in_transaction_session_timeout": "60s",
        # Under row-level security the planner likes parallel plans for small lists; starting workers costs more.
        "max_parallel_workers_per_gather": "0",
    },
    "ro": {"statement_timeout": "5s", "idle_in_transaction_session_timeout": "60s"},
    "ingest": {"statement_timeout": "5s", "lock_timeout": "2s", "idle_in_transaction_session_timeout": "10s"},
}


@dataclass(frozen=True, kw_only=True)
class Names:
    """Names of the roles; they belong to the whole server, while databases are many (tests make theirs)."""

    owner: str = "app_owner"
    rw: str = "app_rw"
    ro: str = "app_ro"
    ingest: str = "app_ingest"
    maint: str = "app_maint"


class MayNot(Exception):
    """The given role may not do the set-up; the message holds the SQL for somebody who may."""


def ensure(given: environment.Environment) -> None:
    """Makes roles, database, rights and extensions of this environment, as its addresses name them.

    Changes only what is missing, and nothing at all in a process that got the product's own addresses alone.
    Raises MayNot.
    """
    admin = given.databases.admin
    if admin is None:
        return
    parts = {
        role: environment.database_settings(getattr(given.databases, role)) for role in environment.ROLES
    }
    names = Names(**{role: part["USER"] for role, part in parts.items()})
    ensure_roles(admin, passwords={role: part["PASSWORD"] for role, part in parts.items()}, names=names)
    ensure_database(admin, name=parts["rw"]["NAME"], names=names)


def ensure_roles(admin_url: str, *, passwords: Mapping[str, str], names: Names | None = None) -> None:
    """Makes the five roles of the server, or mends them. `passwords` by role: owner, rw, ro, ingest.

    A password that no longer fits is set anew: the data folder that knew it may be gone. Raises MayNot.
    """
    names = names or Names()
    with _session(admin_url) as admin:
        _apply(admin, _missing_roles(admin, names, passwords))


def ensure_database(admin_url: str, *, name: str, names: Names | None = None) -> None:
    """Makes the database `name` for roles that exist: owner, rights of the schema, extensions. Raises MayNot."""
    names = names or Names()
    with _session(admin_url) as admin:
        if not _rows(admin, "SELECT 1 FROM pg_database WHERE datname = %s", name):
            make = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE template0")
            _apply(admin, [make.format(sql.Identifier(name), sql.Identifier(names.owner))])
    with _session(environment.at_database(admin_url, name)) as admin:
        _apply(admin, _missing_in_database(admin, name, names))


def _missing_roles(admin: connection, names: Names, passwords: Mapping[str, str]) -> list[sql.Composable]:
    """The statements that bring the server's roles to what they must be; none when they are."""
    todo: list[sql.Composable] = []
    me, version = _rows(admin, "SELECT current_user, current_setting('server_version_num')::int")[0]
    found = {
        row[0]: row[1:]
        for row in _rows(
            admin,
            "SELECT rolname, rolcanlogin, rolsuper OR rolcreatedb OR rolcreaterole, rolbypassrls,"
            " coalesce(rolconfig, '{}') FROM pg_roles WHERE rolname = ANY(%s)",
            [names.owner, names.rw, names.ro, names.ingest, names.maint],
        )
    }
    for role in environment.ROLES:
        name = getattr(names, role)
        if name == me:  # set-up runs as the owner itself: who made it decided its rights
            continue
        if name not in found:
            todo.append(_sql("CREATE ROLE {} LOGIN", name))
        elif found[name][:3] != (True, False, False):
            todo.append(_sql("ALTER ROLE {} LOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE", name))
        if name not in found or not _logs_in(admin, name, passwords[role]):
            # Hashed here, so that the word itself stands in no server log and no refusal.
            hashed = encrypt_password(passwords[role], name, scope=admin, algorithm="scram-sha-256")
            todo.append(_sql("ALTER ROLE {} PASSWORD {}", name, sql.Literal(hashed)))
        kept = found[name][3] if name in found else []
        for setting, value in SETTINGS.get(role, {}).items():
            if f"{setting}={value}" not in kept:
                todo.append(
                    _sql("ALTER ROLE {} SET {} = {}", name, sql.Identifier(setting), sql.Literal(value))
                )
    if names.maint not in found:
        todo.append(_sql("CREATE ROLE {} NOLOGIN BYPASSRLS", names.maint))
    elif not found[names.maint][2]:
        todo.append(_sql("ALTER ROLE {} BYPASSRLS", names.maint))
    # Migrations hand reviewed functions over to app_maint; whoever sets up must be able to act as the owner.
    for role, member in ((names.maint, names.owner), (names.owner, me)):
        is_member = "SELECT 1 FROM pg_roles m, pg_roles r WHERE m.rolname = %s AND r.rolname = %s"
        is_member += " AND (m.rolsuper OR pg_has_role(m.oid, r.oid, %s))"
        if role != member and not _rows(
            admin, is_member, member, role, "SET" if version >= 160000 else "MEMBER"
        ):
            todo.append(_sql("GRANT {} TO {}", role, sql.Identifier(member)))
    return todo


def _missing_in_database(admin: connection, name: str, names: Names) -> list[sql.Composable]:
    todo: list[sql.Composable] = []
    owned = _rows(
        admin,
        "SELECT 1 FROM pg_database WHERE datname = %s AND pg_get_userbyid(datdba) = %s",
        name,
        names.owner,
    )
    if not owned:
        todo.append(_sql("ALTER DATABASE {} OWNER TO {}", name, sql.Identifier(names.owner)))
    there = {row[0] for row in _rows(admin, "SELECT extname FROM pg_extension")}
    todo += [
        _sql("CREATE EXTENSION IF NOT EXISTS {} SCHEMA public", ext) for ext in EXTENSIONS if ext not in there
    ]
    # Asked of the lists themselves: has_schema_privilege() would count what PUBLIC has and is about to lose.
    on_schema = _granted(
        admin, "SELECT nspacl, acldefault('n', nspowner) FROM pg_namespace WHERE nspname = %s", "public"
    )
    on_database = _granted(
        admin, "SELECT datacl, acldefault('d', datdba) FROM pg_database WHERE datname = %s", name
    )
    if any(who is None for who, _ in on_schema):
        todo.append(sql.SQL("REVOKE ALL ON SCHEMA public FROM PUBLIC"))
    if any(who is None for who, _ in on_database):
        todo.append(_sql("REVOKE ALL ON DATABASE {} FROM PUBLIC", name))
    for role in (names.owner, names.rw, names.ro, names.ingest):
        if (role, "CONNECT") not in on_database:
            todo.append(_sql("GRANT CONNECT ON DATABASE {} TO {}", name, sql.Identifier(role)))
    for role in (names.owner, names.maint, names.rw, names.ro, names.ingest):
        for right in ("CREATE", "USAGE") if role in (names.owner, names.maint) else ("USAGE",):
            if (role, right) not in on_schema:
                todo.append(_sql(f"GRANT {right} ON SCHEMA public TO {{}}", role))
    return todo


def _granted(admin: connection, lists: str, name: str) -> set[tuple[str | None, str]]:
    """(role or None for PUBLIC, right) of one object; `lists` gives its access list and the one it has by default."""
    held = _rows(
        admin,
        "SELECT CASE WHEN a.grantee <> 0 THEN pg_get_userbyid(a.grantee) END, a.privilege_type"
        f" FROM ({lists}) AS o (given, usual), aclexplode(coalesce(o.given, o.usual)) a",
        name,
    )
    return {(who, right) for who, right in held}


def _apply(admin: connection, todo: list[sql.Composable]) -> None:
    if not todo:
        return
    try:
        with admin.cursor() as cursor:
            for statement in todo:
                cursor.execute(statement)
    except psycopg2.errors.InsufficientPrivilege as error:
        # What ran before the refusal stands in the text too; running it again is said so by the server, no more.
        lines = "\n".join(f"  {statement.as_string(admin)};" for statement in todo)
        place = admin.info
        raise MayNot(
            f"The database role {place.user} may not do the set-up ({str(error).strip().splitlines()[0]})."
            f" Run this on {place.host}:{place.port}, database {place.dbname}, as a role that may, then start again:"
            f"\n\n{lines}\n\nRoles of your own serve as well: DATABASE_URL_RW, DATABASE_URL_RO, DATABASE_URL_INGEST."
        ) from error


@contextlib.contextmanager
def _session(url: str) -> Iterator[connection]:
    """An autocommit connection that does its set-up alone: two CREATE ROLE at once would trip over each other."""
    try:
        admin = psycopg2.connect(url, connect_timeout=10)
    except psycopg2.OperationalError as error:
        # The database that the address names may be made only by this very set-up: enter by the server's own.
        if "does not exist" not in str(error) or "role" in str(error):
            raise
        admin = psycopg2.connect(environment.at_database(url, "postgres"), connect_timeout=10)
    try:
        admin.autocommit = True
        _rows(admin, "SELECT pg_advisory_lock(7269361)")
        yield admin
    finally:
        admin.close()


def _rows(admin: connection, statement: str, *values: object) -> list[tuple[Any, ...]]:
    with admin.cursor() as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall()


def _sql(text: str, *names: str | sql.Composable) -> sql.Composable:
    """Fills `{}` with identifiers; what is SQL already goes in as it is."""
    return sql.SQL(text).format(*(sql.Identifier(name) if isinstance(name, str) else name for name in names))


def _logs_in(admin: connection, name: str, password: str) -> bool:
    place = admin.info
    try:
        psycopg2.connect(
            host=place.host,
            port=place.port,
            dbname=place.dbname,
            user=name,
            password=password,
            connect_timeout=10,
        ).close()
    except psycopg2.OperationalError as error:
        # Anything but the password (no right to enter this database yet, no room) says nothing against it.
        return "password" not in str(error)
    return True


def main() -> int:
    """`python -m config.roles`: the set-up alone, for hosts that migrate in a step of its own."""
    try:
        ensure(environment.load())
    except (environment.Refused, MayNot, psycopg2.OperationalError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
