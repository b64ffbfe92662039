"""The one list of wires."""

import subprocess
import sys

import pytest

from integrations import registry


def test_kinds_and_their_wires():
    assert {"telegram", "form", "webchat", "bitrix24"} <= set(registry.kinds())
    for kind in registry.channels:
        assert registry.channel(kind).kind == kind
        assert kind in registry.channels
    for kind in registry.crms:
        assert registry.crm(kind).kind == kind


@pytest.mark.parametrize("kind", ["", "fax", "bitrix24"])
def test_unknown_channels_say_so(kind):
    with pytest.raises(registry.UnknownKind):
        registry.channel(kind)
    assert kind not in registry.channels


def test_asking_for_one_wire_loads_no_other():
    code = (
        "import sys; from integrations import registry; registry.kinds(); registry.channel('webchat');"
        "bad = [m for m in sys.modules if m.startswith(('integrations.telegram', 'integrations.bitrix24', 'aiohttp'))];"
        "sys.exit(repr(bad) if bad else 0)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
