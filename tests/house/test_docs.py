"""What the papers say of the house is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from django.conf import settings

from config.environment import PROVIDERS
from integrations import registry
from tests.conformance import kinds, table

ROOT: Path = settings.ROOT
FILE = re.compile(r"`((?:[a-z_0-9]+/)+[a-z_0-9.-]*|[A-Z]+\.md)`")


@pytest.mark.parametrize(
    "paper",
    ["README.md", "docs/processes.md", "docs/adding-a-channel.md", "docs/channels.md", "CONTRIBUTING.md"],
)
def test_every_path_a_paper_names_exists(paper: str) -> None:
    missing = [
        name
        for name in FILE.findall((ROOT / paper).read_text(encoding="utf-8"))
        if "<" not in name and not any((ROOT / f"{name}{end}").exists() for end in ("", ".py"))
    ]
    assert missing == []


def test_a_channel_touches_what_the_list_says() -> None:
    """Each kind of channel is where `docs/adding-a-channel.md` sends a newcomer."""
    contract = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    for kind in registry.channels:
        module = type(registry.channel(kind)).__module__
        folder = module.split(".")[1]
        assert module.startswith(f"integrations.{folder}.")
        assert re.search(rf'"registry", ".*\b{folder}\b', contract), folder
        assert registry.channel(kind).guide.steps, kind
        assert any(adapter.kind == kind for adapter in kinds.all_kinds()), kind
    assert "telegram" in PROVIDERS
    assert (ROOT / "fakes/telegram.py").exists()


def test_the_kits_modules_are_those_the_paper_names() -> None:
    paper = (ROOT / "docs/adding-a-channel.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(tests/conformance/test_\w+\.py)`", paper))
    assert named == {str(path.relative_to(ROOT)) for path in ROOT.glob("tests/conformance/test_*.py")}


def test_the_table_of_channels_is_what_the_wires_say() -> None:
    paper = table.PAPER.read_text(encoding="utf-8")
    told = paper.partition(table.BEGIN)[2].partition(table.END)[0]
    assert told == table.table(), "python -m tests.conformance.table writes it anew"


def test_every_kind_says_how_it_was_verified() -> None:
    paper = table.PAPER.read_text(encoding="utf-8").partition("## Verified how")[2]
    rows = [line.split("|")[1] for line in paper.splitlines() if line.startswith("| ")]
    for adapter in kinds.all_kinds():
        wanted = [adapter.kind, adapter.provider] if adapter.kind in ("sms", "telephony") else [adapter.kind]
        assert any(all(word in row for word in wanted) for row in rows), adapter.name()


def test_every_room_stands_in_the_floor_plan() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    rooms = {path.parent.name for path in ROOT.glob("*/apps.py")}
    assert [room for room in rooms if f"`{room}/`" not in readme] == []
