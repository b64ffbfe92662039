"""Faults of a docker-compose file, found without Docker: names, references, secrets, ports, and what exists.

Only the part of the format that docker-compose 1.29 and every newer one read the same is allowed.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

TOP = {"services", "networks", "volumes"}
SERVICE = {
    "image", "build", "command", "environment", "volumes", "networks", "depends_on", "restart", "healthcheck",
    "logging", "ports", "expose", "init", "stop_grace_period", "stop_signal", "shm_size", "user",
}  # fmt: skip
HEALTHCHECK = {"test", "interval", "timeout", "retries", "start_period", "disable"}
CONDITIONS = {"service_started", "service_healthy", "service_completed_successfully"}
NEEDED = {"web", "worker", "beat", "dispatch", "migrate", "postgres", "valkey", "proxy"}
SECRET = re.compile(r"PASSWORD|SECRET|KEY")
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(:[?-][^}]*)?\}|(?<!\$)\$(\w+)")


def faults(compose: Mapping[str, Any], *, example: str, root: Path, known: set[str]) -> list[str]:
    """Every fault as a sentence; [] when it is right.

    `example` is the text of deploy/env.example, `known` the variables that config/environment.py reads.
    """
    services = compose.get("services") or {}
    found = [
        f"unknown key {key!r} at the top" for key in compose if key not in TOP and not key.startswith("x-")
    ]
    found += [f"service {name} is missing" for name in sorted(NEEDED - set(services))]
    for name, service in services.items():
        found += [f"{name}: {fault}" for fault in _service(name, service, compose, root, known)]
    if "ports" not in services.get("proxy", {}):
        found.append("proxy: publishes no port")
    examples = set(re.findall(r"^([A-Z_]+)=", example, re.MULTILINE))
    for variable, rest in variables(compose):
        if not rest:
            found.append(f"${{{variable}}} has neither a default nor a word for when it is missing")
        if rest.startswith(":?") and variable not in examples:
            found.append(f"{variable} must be set, and deploy/env.example does not tell")
        if rest.startswith(":-") and SECRET.search(variable) and rest != ":-":
            found.append(f"{variable} is a secret and has a default")
    return found


def variables(node: Any) -> Iterator[tuple[str, str]]:
    """(name, what follows it) of every ${...} below a node."""
    if isinstance(node, Mapping):
        for key, value in node.items():
            if not str(key).startswith("x-"):
                yield from variables(value)
    elif isinstance(node, list):
        for value in node:
            yield from variables(value)
    elif isinstance(node, str):
        for found in VARIABLE.finditer(node):
            yield found[1] or found[3], found[2] or ""


def _service(
    name: str, service: Mapping[str, Any], compose: Mapping[str, Any], root: Path, known: set[str]
) -> Iterator[str]:
    services = compose["services"]
    yield from (f"unknown key {key!r}" for key in service if key not in SERVICE)
    if "image" not in service and "build" not in service:
        yield "has neither image nor build"
    if ":" not in service.get("image", ":"):
        yield "its image has no version"
    if "ports" in service and name != "proxy":
        yield "publishes a port past the proxy"
    yield from (
        f"unknown {key!r} in healthcheck" for key in service.get("healthcheck", {}) if key not in HEALTHCHECK
    )
    for other, how in (service.get("depends_on") or {}).items():
        condition = how.get("condition") if isinstance(how, Mapping) else None
        if other not in services:
            yield f"waits for {other}, which is not there"
        elif condition not in CONDITIONS:
            yield f"waits for {other} by an unknown condition"
        elif condition == "service_healthy" and not _has_healthcheck(services[other], root):
            yield f"waits until {other} is healthy, and {other} has no health check"
        elif condition == "service_completed_successfully" and services[other].get("restart") != "no":
            yield f"waits for the end of {other}, which is restarted for ever"
    for network in service.get("networks", []):
        if network not in (compose.get("networks") or {}):
            yield f"network {network} is not declared"
    for volume in service.get("volumes", []):
        source = volume.split(":")[0]
        if not source.startswith(".") and source not in (compose.get("volumes") or {}):
            yield f"volume {source} is not declared"
        if source.startswith("./") and not (root / source).exists() and source != "./deploy/tls":
            yield f"{source} does not exist"
    for part in service.get("command", []):
        if re.fullmatch(r"[\w/]+\.(sh|py)", part) and not (root / part).is_file():
            yield f"{part} does not exist"
    for variable, value in (service.get("environment") or {}).items():
        if SECRET.search(variable) and "${" not in str(value):
            yield f"{variable} stands in the file"
        if _is_ours(service) and variable not in known:
            yield f"{variable} is read by nobody"


def _has_healthcheck(service: Mapping[str, Any], root: Path) -> bool:
    own = service.get("healthcheck")
    if own is not None:
        return "test" in own and not own.get("disable")
    return _is_ours(service) and "\nHEALTHCHECK" in (root / "Dockerfile").read_text(encoding="utf-8")


def _is_ours(service: Mapping[str, Any]) -> bool:
    return str(service.get("image", "")).startswith("marzha:")
