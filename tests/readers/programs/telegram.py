# mypy: disable-error-code="import-not-found"
"""aiogram reads our calls of the Bot API and the updates that the fake and the tests make."""

import json
from typing import Any

import aiogram.methods
from aiogram.types import BufferedInputFile, Update
from pydantic import BaseModel

from .compare import compare

METHODS = {
    method.__api_method__: method
    for method in vars(aiogram.methods).values()
    if isinstance(method, type) and hasattr(method, "__api_method__")
}
KNOWN = {
    r"my_chat_member\.(old|new)_chat_member\.administrator\.(can_\w+|is_anonymous)": (
        "the fake tells of a seat no more than its status, which is all that is read"
    ),
    r"my_chat_member\.(old|new)_chat_member\.kicked\.until_date": "the same",
    r"message\.reply_to_message\.date": "the fake names the message that is answered by its number alone",
}
# Fields of a multipart form that are no strings; the form has them as JSON.
_JSON = ("chat_id", "message_thread_id", "reply_markup", "reply_parameters")


def differences(case: dict[str, Any]) -> list[str]:
    """A case is an "update", or a "method" with its "params" and, of a form, the name of each file in "files"."""
    if "update" in case:
        update = Update.model_validate(case["update"])
        return [
            *_unknown(update),
            *([] if update.event_type == case["event"] else [f"read as {update.event_type}"]),
        ]
    method, params, files = METHODS[case["method"]], dict(case["params"]), case["files"]
    if files is not None:
        params |= {name: json.loads(params[name]) for name in _JSON if name in params}
    loaded = {field: BufferedInputFile(b"content", name) for field, name in files.items()} if files else {}
    read = method.model_validate({**params, **loaded})
    written = read.model_dump(mode="json", exclude_unset=True, exclude=set(loaded), warnings="error")
    return [*_unknown(read), *compare(params, written)]


def _unknown(model: BaseModel, path: str = "") -> list[str]:
    """Fields that the library does not know: its models keep them without a word."""
    found = [f"{path}{name}: unknown to aiogram" for name in model.model_extra or {}]
    for name in type(model).model_fields:
        found += _inside(getattr(model, name), f"{path}{name}.")
    return found


def _inside(value: Any, path: str) -> list[str]:
    if isinstance(value, BaseModel):
        return _unknown(value, path)
    if isinstance(value, list):
        return [said for one in value for said in _inside(one, path)]
    return []
