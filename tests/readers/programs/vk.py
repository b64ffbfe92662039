# mypy: disable-error-code="import-not-found"
"""vkbottle-types knows the parameters of each method and the events; vkbottle builds the same keyboards anew."""

import datetime as dt
import enum
import importlib
import inspect
import json
import re
from typing import Any

from pydantic import create_model
from vkbottle.tools.event_data import ShowSnackbarEvent
from vkbottle.tools.keyboard.action import Callback, OpenLink
from vkbottle.tools.keyboard.color import KeyboardButtonColor
from vkbottle.tools.keyboard.keyboard import Keyboard
from vkbottle_types.events import bot_events
from vkbottle_types.objects import MessagesForward

from .compare import compare

KNOWN = {
    r"keyboard\.one_time": "vkbottle always says that an inline keyboard stays; left out, it stays",
    r"v": "VK's version in the envelope, which vkbottle-types leaves out",
    r"object\.version": "the fake sends an echo of ours without it; it is not read",
    r"object\.message\.reply_message\.date": "the fake names the message that is answered by its number alone",
    r"object\.message\.attachments\.0\.photo\.(album_id|date)": "the fake leaves them out in talks; they are not read",
}
VERSION = "5.199"
_ATTACHMENT = re.compile(r"(photo|doc)-?\d+_\d+(_\w+)?")


def differences(case: dict[str, Any]) -> list[str]:
    """A case is an "event", or a "method" with its form in "params"."""
    if "event" in case:
        return _event(case["event"])
    params = dict(case["params"])
    found = [] if params.pop("v", None) == VERSION else ["version: not the one whose types these are"]
    found += _parameters(case["method"], params)
    if "keyboard" in params:
        found += _keyboard(json.loads(params["keyboard"]))
    if "forward" in params:
        forward = json.loads(params["forward"])
        written = MessagesForward.model_validate(forward).model_dump(exclude_unset=True)
        found += compare(_plain(forward), _plain(written), "forward")
    if "event_data" in params:
        shown = json.loads(params["event_data"])
        found += compare(shown, ShowSnackbarEvent(**shown).model_dump(), "event_data")
    if "attachment" in params and not _ATTACHMENT.fullmatch(params["attachment"]):
        found.append(f"attachment: {params['attachment']} names no file")
    return found


def _parameters(method: str, params: dict[str, str]) -> list[str]:
    """Their names and types by the signature of the library's own method; a list is written with commas."""
    section, _dot, name = method.partition(".")
    module = importlib.import_module(f"vkbottle_types.codegen.methods.{section}")
    category = getattr(module, f"{section.capitalize()}Category")
    call = getattr(category, re.sub(r"[A-Z]", lambda capital: f"_{capital[0].lower()}", name))
    fields: dict[str, Any] = {}
    told: dict[str, Any] = {}
    for field, parameter in inspect.signature(call).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD or field == "self":
            continue
        fields[field] = (
            parameter.annotation,
            ... if parameter.default is parameter.empty else parameter.default,
        )
        if field in params:
            told[field] = params[field].split(",") if "list" in str(parameter.annotation) else params[field]
    create_model("Parameters", **fields).model_validate(told)
    return [f"{method}.{field}: unknown to vkbottle-types" for field in params if field not in fields]


def _keyboard(ours: dict[str, Any]) -> list[str]:
    built = Keyboard(inline=ours["inline"])
    for row in ours["buttons"]:
        built.row()
        for button in row:
            action, color = button["action"], button.get("color")
            made = (
                OpenLink(action["link"], action["label"])
                if action["type"] == "open_link"
                else Callback(action["label"], action["payload"])
            )
            built.add(made, color=KeyboardButtonColor(color) if color else None)
    return compare(ours, json.loads(built.get_json()), "keyboard")


def _event(event: dict[str, Any]) -> list[str]:
    kind = "".join(word.capitalize() for word in event["type"].split("_"))
    read = getattr(bot_events, kind).model_validate(event)
    written = read.model_dump(exclude_unset=True)
    if event["type"] == "message_event":
        # Its payload is a JSON object by itself.
        assert isinstance(read.object.payload, dict)
    return compare(_plain(event), _plain(written))


def _plain(value: Any) -> Any:
    """As VK writes it: truth as 1 and 0, moments as seconds, one word of several as a string."""
    if isinstance(value, dict):
        return {key: _plain(part) for key, part in value.items()}
    if isinstance(value, list):
        return [_plain(part) for part in value]
    if isinstance(value, dt.datetime):
        return int(value.timestamp())
    if isinstance(value, enum.Enum):
        return value.value
    return int(value) if isinstance(value, bool) else value
