"""`make up` keeps what it started: what dies comes back, what stops stops whole, and nothing is orphaned."""

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psycopg2
import pytest

from config import environment, postgres, processes

pytestmark = [pytest.mark.storm, pytest.mark.timeout(90)]


class House:
    """A launcher in a process of its own."""

    def __init__(self, folder, *words):
        self.folder, self.port = folder, postgres.free_port()
        self.out = folder / "out.txt"
        kept = {"PATH": os.environ["PATH"], "MARZHA_DATA": str(folder), "PORT": str(self.port)}
        with self.out.open("wb") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "tests.setup.small_house", *words],
                cwd=environment.ROOT,
                env=kept,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def said(self):
        return self.out.read_text()

    def pids(self, name):
        """Parent and child."""
        return [int(pid) for pid in (self.folder / "pids" / name).read_text().split()]

    def everybody(self):
        told = environment.running_servers(self.folder)
        servers = [told["postgres"]["pid"], told["valkey"]["pid"]]
        return servers + [pid for name in ("web", "dispatch", "worker", "beat") for pid in self.pids(name)]


@contextlib.contextmanager
def up(*words):
    with tempfile.TemporaryDirectory(prefix="marzha-up-") as folder:
        house = House(Path(folder), *words)
        try:
            last = house.folder / "pids" / "beat"
            assert until(lambda: "Marzha is up" in house.said() and last.exists()), house.said()
            yield house
        finally:
            house.process.kill()
            house.process.wait()


@pytest.fixture(scope="module")
def house():
    """One for all tests that leave it standing; its end is a test as well."""
    with up() as standing:
        yield standing
        everybody = standing.everybody()
        standing.process.send_signal(signal.SIGTERM)
        assert standing.process.wait(15) == 0
        assert [pid for pid in everybody if alive(pid)] == []


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def until(what, seconds=20.0):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if what():
            return True
        time.sleep(0.05)
    return False


def test_what_dies_is_started_again_and_said(house):
    told = environment.running_servers(house.folder)
    (web, child), worker = house.pids("web"), house.pids("worker")
    os.kill(web, signal.SIGKILL)
    os.kill(told["postgres"]["pid"], signal.SIGKILL)
    assert until(lambda: house.pids("web")[0] != web), house.said()
    assert not alive(child)
    assert until(
        lambda: environment.running_servers(house.folder)["postgres"]["pid"] != told["postgres"]["pid"]
    )
    assert environment.running_servers(house.folder)["postgres"]["port"] == told["postgres"]["port"]
    admin = environment.load({"MARZHA_DATA": str(house.folder)}).databases.admin
    psycopg2.connect(admin).close()
    assert house.pids("worker") == worker  # nobody else was touched
    assert "web ended (signal SIGKILL), again in 1 s" in house.said()
    assert "PostgreSQL ended and was started again" in house.said()


def test_ctrl_c_stops_everything_in_time():
    with up("deaf") as house:  # beat does not listen: it must go all the same
        everybody = house.everybody()
        began = time.monotonic()
        house.process.send_signal(signal.SIGINT)
        assert house.process.wait(15) == 0
        assert time.monotonic() - began < 8
        assert [pid for pid in everybody if alive(pid)] == []
        assert environment.running_servers(house.folder) == {}


def test_a_killed_launcher_leaves_no_orphan():
    with up("deaf") as house:
        everybody = house.everybody()
        assert all(alive(pid) for pid in everybody)
        house.process.kill()
        assert until(lambda: not any(alive(pid) for pid in everybody), 10)


def test_a_killed_make_takes_the_launcher_along(tmp_path):
    # The launcher is bound to `make`: here to a shell in its place.
    line = f"MAKELEVEL=1 {sys.executable} -m tests.setup.small_house; true"
    kept = {"PATH": os.environ["PATH"], "MARZHA_DATA": str(tmp_path), "PORT": str(postgres.free_port())}
    with subprocess.Popen(
        ["/bin/sh", "-c", line], cwd=environment.ROOT, env=kept, stdout=subprocess.DEVNULL
    ) as make:
        pids = tmp_path / "pids"
        assert until(lambda: len(list(pids.glob("[a-z]*"))) == 4 if pids.exists() else False)
        everybody = [int(pid) for file in pids.iterdir() for pid in file.read_text().split()]
        make.kill()
    assert until(lambda: not any(alive(pid) for pid in everybody), 12)


def test_a_second_launcher_on_one_folder_is_refused(house):
    kept = {"PATH": os.environ["PATH"], "MARZHA_DATA": str(house.folder), "PORT": str(postgres.free_port())}
    second = subprocess.run(
        [sys.executable, "-m", "tests.setup.small_house"],
        cwd=environment.ROOT,
        env=kept,
        capture_output=True,
        text=True,
        check=False,
        timeout=30,
    )
    assert second.returncode == 1
    assert "already runs" in second.stderr
    assert alive(house.pids("web")[0])


def test_a_taken_port_is_said_before_anything_starts(house):
    with tempfile.TemporaryDirectory() as folder:
        second = subprocess.run(
            [sys.executable, "-m", "tests.setup.small_house"],
            cwd=environment.ROOT,
            env={"PATH": os.environ["PATH"], "MARZHA_DATA": folder, "PORT": str(house.port)},
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
        assert second.returncode == 1
        assert f"Port {house.port} cannot be used" in second.stderr
        assert not (Path(folder) / "postgres").exists()


def test_waiting_doubles_to_half_a_minute_and_starts_over_after_a_quiet_one():
    backoff = processes.Backoff()
    assert [backoff.died() for _ in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert not backoff.ready()
    backoff.began -= 61
    assert backoff.died() == 1
