"""Database roles: none of the product's may pass the wall, and set-up says so where it may not."""

import contextlib
import tempfile
from pathlib import Path

import psycopg2
import psycopg2.errors
import pytest

from config import environment, roles, servers

pytestmark = [pytest.mark.storm, pytest.mark.timeout(60)]

NAMES = roles.Names()


@pytest.fixture(scope="module")
def given():
    """An environment with embedded servers and everything that set-up makes, apart from tables."""
    with tempfile.TemporaryDirectory(prefix="marzha-roles-") as folder:
        started = servers.start(Path(folder), durable=False, with_valkey=False)
        now = environment.load({"MARZHA_DATA": folder})
        roles.ensure(now)
        yield now
        started.stop()


@contextlib.contextmanager
def session(url):
    with contextlib.closing(psycopg2.connect(url, connect_timeout=5)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            yield cursor


def rows(url, statement, *values):
    with session(url) as cursor:
        cursor.execute(statement, values or None)
        return cursor.fetchall()


@pytest.mark.parametrize("role", ["owner", "rw", "ro", "ingest"])
def test_no_login_role_can_pass_the_wall_or_make_roles(given, role):
    url = getattr(given.databases, role)
    powers = "rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication"
    assert rows(url, f"SELECT {powers} FROM pg_roles WHERE rolname = current_user") == [(False,) * 5]


def test_only_maint_bypasses_and_nobody_logs_in_as_it(given):
    bypassing = "SELECT rolname, rolcanlogin FROM pg_roles WHERE rolbypassrls AND rolname LIKE %s"
    assert rows(given.databases.admin, bypassing, "app%") == [(NAMES.maint, False)]
    members = (
        "SELECT m.rolname FROM pg_auth_members a JOIN pg_roles m ON m.oid = a.member"
        " WHERE a.roleid = %s::regrole"
    )
    assert rows(given.databases.admin, members, NAMES.maint) == [(NAMES.owner,)]


@pytest.mark.parametrize("role", ["rw", "ro", "ingest"])
def test_the_products_roles_own_and_make_nothing(given, role):
    url = getattr(given.databases, role)
    for statement in ("CREATE TABLE mine (n int)", "CREATE TEMP TABLE mine (n int)", "CREATE SCHEMA mine"):
        with session(url) as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
            cursor.execute(statement)
    with session(url) as cursor, pytest.raises(psycopg2.errors.InsufficientPrivilege):
        cursor.execute(f"SET ROLE {NAMES.maint}")


def test_a_new_table_is_closed_until_it_is_granted(given):
    with session(given.database_url_owner) as cursor:
        cursor.execute("CREATE TABLE fresh (n int)")
        try:
            for role in ("rw", "ro", "ingest"):
                with pytest.raises(psycopg2.errors.InsufficientPrivilege):
                    rows(getattr(given.databases, role), "SELECT * FROM fresh")
        finally:
            cursor.execute("DROP TABLE fresh")


def test_migrations_can_hand_a_function_to_maint(given):
    with session(given.database_url_owner) as cursor:
        cursor.execute("CREATE FUNCTION seen() RETURNS int LANGUAGE sql AS 'SELECT 1'")
        cursor.execute(f"ALTER FUNCTION seen() OWNER TO {NAMES.maint}")
        cursor.execute("CREATE OR REPLACE FUNCTION seen() RETURNS int LANGUAGE sql AS 'SELECT 2'")
        cursor.execute("DROP FUNCTION seen()")


def test_limits_of_the_roles(given):
    assert rows(given.database_url_rw, "SHOW statement_timeout") == [("30s",)]
    assert rows(given.database_url_rw, "SHOW lock_timeout") == [("5s",)]
    assert rows(given.database_url_rw, "SHOW idle_in_transaction_session_timeout") == [("1min",)]
    assert rows(given.database_url_rw, "SHOW max_parallel_workers_per_gather") == [("0",)]
    assert rows(given.database_url_ro, "SHOW statement_timeout") == [("5s",)]


def test_extensions_are_there_and_public_has_nothing(given):
    have = {name for (name,) in rows(given.database_url_owner, "SELECT extname FROM pg_extension")}
    assert have >= set(roles.EXTENSIONS)
    with session(given.databases.admin) as cursor:
        cursor.execute("CREATE ROLE stranger LOGIN PASSWORD 'x'")
        try:
            stranger = environment.with_login(given.database_url_rw, user="stranger", password="x")
            with pytest.raises(psycopg2.OperationalError, match="permission denied for database"):
                rows(stranger, "SELECT 1")
        finally:
            cursor.execute("DROP ROLE stranger")


def test_a_second_setup_changes_nothing(given):
    passwords = {role: given.passwords[role] for role in environment.ROLES}
    with roles._session(given.databases.admin) as admin:
        assert roles._missing_roles(admin, NAMES, passwords) == []
    with roles._session(environment.at_database(given.databases.admin, "marzha")) as admin:
        assert roles._missing_in_database(admin, "marzha", NAMES) == []


def test_what_somebody_loosened_is_tightened(given):
    with session(given.databases.admin) as cursor:
        cursor.execute(f"ALTER ROLE {NAMES.rw} BYPASSRLS CREATEDB")
        cursor.execute(f"ALTER ROLE {NAMES.rw} PASSWORD 'another'")
        cursor.execute(f"ALTER ROLE {NAMES.rw} SET statement_timeout = 0")
    roles.ensure(given)
    powers = "SELECT rolbypassrls OR rolcreatedb FROM pg_roles WHERE rolname = current_user"
    assert rows(given.database_url_rw, powers) == [(False,)]
    assert rows(given.database_url_rw, "SHOW statement_timeout") == [("30s",)]


def test_more_databases_share_the_roles(given):
    roles.ensure_database(given.databases.admin, name="test_marzha_gw0")
    url = environment.at_database(given.database_url_owner, "test_marzha_gw0")
    assert rows(
        url, "SELECT pg_get_userbyid(datdba) FROM pg_database WHERE datname = current_database()"
    ) == [(NAMES.owner,)]


def test_who_may_not_is_told_the_sql_and_the_sql_is_right(given):
    other = roles.Names(owner="x_owner", rw="x_rw", ro="x_ro", ingest="x_ingest", maint="x_maint")
    passwords = dict.fromkeys(environment.ROLES, "only-this-opens")
    with session(given.databases.admin) as cursor:
        cursor.execute("CREATE ROLE weak LOGIN PASSWORD 'weak'")
        cursor.execute("CREATE DATABASE theirs OWNER weak")
    weak = environment.with_login(given.databases.admin, user="weak", password="weak", database="theirs")
    with pytest.raises(roles.MayNot) as refused:
        roles.ensure_roles(weak, passwords=passwords, names=other)
    told = str(refused.value)
    assert "weak" in told
    assert "only-this-opens" not in told  # hashed: it may be pasted into a ticket
    with session(given.databases.admin) as cursor:
        cursor.execute(told.split("\n\n")[1])
    roles.ensure_roles(weak, passwords=passwords, names=other)  # nothing left to do
    assert rows(
        environment.with_login(given.databases.admin, user="x_rw", password="only-this-opens"),
        "SELECT current_user",
    ) == [("x_rw",)]


def test_processes_without_an_admin_address_leave_roles_alone(tmp_path):
    closed = {f"DATABASE_URL_{role}": "postgresql://x:y@127.0.0.1:1/z" for role in ("RW", "RO", "INGEST")}
    roles.ensure(environment.load({"MARZHA_DATA": str(tmp_path), **closed}))  # would fail if it connected
