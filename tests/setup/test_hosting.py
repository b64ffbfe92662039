"""What hosts use: the compose file, the image's recipe and the proxy agree with the product."""

import copy
import re
import shutil
import subprocess

import pytest
import yaml

from config import environment
from integrations import registry
from tests.setup import compose

ROOT = environment.ROOT
EXAMPLE = (ROOT / "deploy" / "env.example").read_text()
SOURCE = (ROOT / "config" / "environment.py").read_text()
KNOWN = set(re.findall(r'"([A-Z][A-Z0-9_]+)"', SOURCE)) | {
    f"DATABASE_URL_{role.upper()}" for role in environment.ROLES
}


@pytest.fixture
def file():
    return yaml.safe_load((ROOT / "docker-compose.yml").read_text())


def faults(file):
    return compose.faults(file, example=EXAMPLE, root=ROOT, known=KNOWN)


def test_the_compose_file_has_no_fault(file):
    assert faults(file) == []


def change(path, value):
    """A function that sets one place of the file; None deletes it."""

    def apply(file):
        *way, last = path.split("/")
        for step in way:
            file = file[step]
        if value is None:
            del file[last]
        else:
            file[last] = value

    return apply


WRONG = {
    "a typing error in a key": (change("services/web/enviroment", {}), "unknown key 'enviroment'"),
    "a key that older readers refuse": (change("name", "marzha"), "unknown key 'name'"),
    "a part too new": (change("services/postgres/healthcheck/start_interval", "1s"), "start_interval"),
    "a service gone": (change("services/dispatch", None), "dispatch is missing"),
    "a wait for nobody": (
        change("services/web/depends_on", {"redis": {"condition": "service_healthy"}}),
        "waits for redis, which is not there",
    ),
    "a wait without a check": (change("services/valkey/healthcheck", None), "valkey has no health check"),
    "a wait for an end that never comes": (
        change("services/migrate/restart", "always"),
        "restarted for ever",
    ),
    "an unknown condition": (
        change("services/beat/depends_on", {"valkey": {"condition": "healthy"}}),
        "unknown condition",
    ),
    "a door past the proxy": (change("services/postgres/ports", ["5432:5432"]), "past the proxy"),
    "no door at all": (change("services/proxy/ports", None), "publishes no port"),
    "a secret in the file": (
        change("services/postgres/environment", {"POSTGRES_PASSWORD": "hunter2"}),
        "POSTGRES_PASSWORD stands in the file",
    ),
    "a secret with a default": (
        change("services/postgres/environment", {"POSTGRES_PASSWORD": "${POSTGRES_PASSWORD:-postgres}"}),
        "has a default",
    ),
    "a secret nobody is told of": (
        change("services/postgres/environment", {"POSTGRES_PASSWORD": "${PG_PASSWORD:?set it}"}),
        "does not tell",
    ),
    "a variable nobody reads": (change("services/web/environment/DATABSE_URL", "x"), "read by nobody"),
    "an undeclared volume": (change("services/web/volumes", ["files:/data"]), "volume files is not declared"),
    "an undeclared network": (change("services/web/networks", ["front"]), "network front is not declared"),
    "a script that is not there": (change("services/web/command", ["sh", "deploy/wbe.sh"]), "does not exist"),
    "an image without a version": (change("services/proxy/image", "nginx"), "no version"),
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_compose_file_is_found(file, name):
    apply, said = WRONG[name]
    broken = copy.deepcopy(file)
    apply(broken)
    assert [fault for fault in faults(broken) if said in fault], faults(broken)


def test_every_example_is_used(file):
    used = {variable for variable, _ in compose.variables(file)}
    assert set(re.findall(r"^([A-Z_]+)=", EXAMPLE, re.MULTILINE)) <= used


def test_secrets_of_the_example_are_empty():
    assert not re.findall(r"^\w*(?:PASSWORD|SECRET|KEY)\w*=.+$", EXAMPLE, re.MULTILINE)


def test_docker_itself_agrees(tmp_path):
    """Where Docker's own reader is at hand it has the last word."""
    reader = next(
        (
            command
            for command in (["docker", "compose"], ["docker-compose"])
            if shutil.which(command[0])
            and subprocess.run([*command, "version"], capture_output=True, check=False).returncode == 0
        ),
        None,
    )
    if reader is None:
        pytest.skip("no docker compose on this machine")
    (tmp_path / "env").write_text(re.sub(r"=$", "=x", EXAMPLE, flags=re.MULTILINE))
    command = [*reader, "-f", str(ROOT / "docker-compose.yml"), "--env-file", str(tmp_path / "env"), "config"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr


def test_the_images_recipe_copies_what_is_there():
    """Every COPY from the project names something that exists and is not left out of the build."""
    recipe = (ROOT / "Dockerfile").read_text()
    stages = set(re.findall(r"^FROM \S+ AS (\w+)$", recipe, re.MULTILINE))
    left_out = {line.strip("/") for line in (ROOT / ".dockerignore").read_text().split() if "*" not in line}
    for copied in re.findall(r"^COPY (.+)$", recipe, re.MULTILINE):
        words = copied.split()
        if words[0].startswith("--from="):
            assert words[0].removeprefix("--from=") in stages
            continue
        for source in words[:-1]:
            assert (ROOT / source).exists(), source
            assert source.split("/")[0] not in left_out, source
    assert re.search(r"^USER marzha$", recipe, re.MULTILINE)
    for script in re.findall(r"deploy/\w+\.(?:sh|py)", recipe):
        assert (ROOT / script).is_file()
    assert {".local", ".env", ".git"} <= left_out  # keys and history stay out of images


def test_the_proxy_takes_bodies_in_and_lets_events_through():
    """Balanced braces, one server with TLS, and the two settings that leads and live pages depend on."""
    proxy = (ROOT / "deploy" / "nginx.conf.template").read_text()
    assert proxy.count("{") == proxy.count("}")
    places = dict(re.findall(r"location (?:= )?(\S+) \{(.*?)\}", proxy, re.DOTALL))
    tls = proxy[proxy.index("listen 443 ssl") :]
    assert re.search(r"^\s*proxy_request_buffering on;", tls, re.MULTILINE)
    assert "proxy_buffering off;" in places["/live/"]
    assert "gzip off;" in places["/live/"]
    assert "proxy_request_buffering" not in places["/hooks/"]
    assert "proxy_next_upstream off;" in places["/hooks/"]  # a webhook is never delivered twice by us
    largest = max(wire.max_body for wire in registry.channels.values())
    assert int(re.search(r"client_max_body_size (\d+)k", places["/hooks/"])[1]) * 1024 >= largest
