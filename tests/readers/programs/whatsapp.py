# mypy: disable-error-code="import-not-found"
"""pywa says the same messages with its own client, and reads the events of the fake and their signatures."""

import json
import re
from collections.abc import Callable
from typing import Any

import httpx
from pywa import WhatsApp, types
from pywa.types import templates
from pywa.types.base_update import RawUpdate

from .compare import compare

KNOWN = {
    r"body\.interactive\.action\.sections\[0\]\.title": (
        "pywa names every section of a list; WhatsApp asks for it where there are several, and ours has one"
    ),
}
Parts = dict[str, Any]
NUMBER, BUSINESS = "1122334455667", "102290129340398"

made: list[Parts] = []


def _answer(request: httpx.Request) -> httpx.Response:
    kind = request.headers.get("content-type", "")
    body = request.read()
    made.append(
        {
            "method": request.method,
            "path": request.url.path.partition("/v25.0/")[2].rstrip("/") or request.url.path,
            "body": json.loads(body) if "json" in kind else None,
            "form": sorted(re.findall(r'\bname="(\w+)"', body.decode("latin-1")))
            if "multipart" in kind
            else None,
        }
    )
    told = {
        "id": "77",
        "success": True,
        "status": "PENDING",
        "category": "UTILITY",
        "url": "https://lookaside.example/",
    }
    told |= {"messages": [{"id": "wamid.OUT1"}], "contacts": [{"input": "1", "wa_id": "79161234567"}]}
    told |= {"mime_type": "image/jpeg", "sha256": "0", "file_size": 1}
    return httpx.Response(200, json=told)


pywa = WhatsApp(
    phone_id=NUMBER,
    token="EAAtest0123456789",
    waba_id=BUSINESS,
    app_secret="wa_app_secret",
    verify_token="wa_verify",
    session=httpx.Client(transport=httpx.MockTransport(_answer)),
    server=None,
    api_version=25.0,
)


def differences(case: Parts) -> list[str]:
    """A case is an "event" with its "signature" and what was "read" in it, or a "sent" request and its "meant"."""
    if "event" in case:
        return _event(case)
    made.clear()
    SAYINGS[case["meant"]["what"]](case["meant"])
    return compare(_one_way(case["sent"]), _one_way(made[0]))


def _one_way(told: Any) -> Any:
    """Of what WhatsApp takes written in two ways, one: types of a template in either case, places as digits."""
    if isinstance(told, list):
        return [_one_way(part) for part in told]
    if not isinstance(told, dict):
        return told
    ways: dict[str, Callable[[Any], str]] = {"type": str.lower, "sub_type": str.lower, "index": str}
    return {
        key: ways[key](part) if key in ways and part is not None else _one_way(part)
        for key, part in told.items()
    }


def _message(meant: Parts) -> None:
    more = {"reply_to_message_id": meant["reply_to"], "tracker": meant["key"] or None}
    buttons = [button for row in meant["buttons"] for button in row]
    if meant["template"]:
        _template(meant, buttons, more)
    elif meant["media"]:
        _file(meant, _choices(buttons), more)
    else:
        pywa.send_message(meant["chat"], meant["text"], buttons=_choices(buttons, meant["list"]), **more)


def _choices(buttons: list[Parts], wanted: str = "") -> Any:
    """The library's own kind of buttons for what is meant."""
    if not buttons:
        return None
    kinds = {button["kind"] for button in buttons}
    if "contact" in kinds:
        return types.ContactInfoRequestButton()
    if "url" in kinds:
        return types.URLButton(title=buttons[0]["label"], url=buttons[0]["value"])
    if wanted:
        rows = [types.SectionRow(title=one["label"], callback_data=one["value"]) for one in buttons]
        return types.SectionList(button_title=wanted, sections=[types.Section(title="", rows=rows)])
    return [types.Button(title=one["label"], callback_data=one["value"]) for one in buttons]


def _file(meant: Parts, buttons: Any, more: Parts) -> None:
    kind, ident, to = meant["media"]["kind"], meant["media"]["id"], meant["chat"]
    if kind == "voice":
        pywa.send_voice(to, ident, **more)
    elif kind in ("audio", "sticker"):
        getattr(pywa, f"send_{kind}")(to, ident, **more)
    else:
        named = {"filename": meant["media"]["name"]} if kind == "document" else {}
        getattr(pywa, f"send_{kind}")(
            to, ident, caption=meant["text"] or None, buttons=buttons, **named, **more
        )


def _template(meant: Parts, buttons: list[Parts], more: Parts) -> None:
    wanted = meant["template"]
    params: list[Any] = [templates.BodyText.params(*wanted["values"])] if wanted["values"] else []
    params += [
        templates.QuickReplyButton.params(callback_data=one["value"], index=place)
        for place, one in enumerate(buttons)
    ]
    language = templates.TemplateLanguage(wanted["language"])
    pywa.send_template(meant["chat"], wanted["name"], language, params or None, **more)


def _new_template(meant: Parts) -> None:
    pywa.create_template(
        templates.Template(
            name=meant["name"],
            language=templates.TemplateLanguage(meant["language"]),
            category=templates.TemplateCategory(meant["category"]),
            components=[
                templates.BodyText(meant["text"], *meant["examples"]),
                templates.Buttons(buttons=[templates.QuickReplyButton(text=one) for one in meant["replies"]]),
            ],
        )
    )


SAYINGS = {
    "message": _message,
    "seen": lambda meant: pywa.indicate_typing(meant["id"]),
    "upload": lambda meant: pywa.upload_media(b"1", mime_type="image/jpeg", filename="a.jpg"),
    "file": lambda meant: pywa.get_media_url(meant["id"]),
    "hook": lambda meant: pywa.api.set_phone_alternate_callback_url(meant["url"], meant["token"], NUMBER),
    "no hook": lambda meant: pywa.api.delete_phone_alternate_callback_url(NUMBER),
    "template": _new_template,
}


def _event(case: Parts) -> list[str]:
    raw = case["event"].encode()
    refused = pywa.webhook_update_validator(raw, case["signature"])
    if refused:
        return [f"signature: {refused[0]}"]
    update = RawUpdate(json.dumps(_filled(json.loads(raw))).encode(), hmac_header=None, update_hash="")
    handler = pywa._get_handler_type(update)
    if handler is None:
        return ["kind: no event that pywa knows"]
    read = pywa._handlers_to_updates[handler].from_update(client=pywa, update=update)
    theirs = {key: READINGS[key](read) for key in case["read"] if key != "fact"}
    return compare(case["read"], {"fact": FACTS[type(read).__name__], **theirs})


def _filled(event: Parts) -> Parts:
    """With what pywa asks of every event and the product reads in none, so the fake leaves it out."""
    for change in event["entry"][0]["changes"]:
        for message in change["value"].get("messages", []):
            content = message.get(message.get("type"))
            if isinstance(content, dict) and "mime_type" in content:
                content.setdefault("sha256", "0")
        # Events of failures came without the person before people had names of their own.
        for status in change["value"].get("statuses", []):
            change["value"].setdefault(
                "contacts", [{"profile": {"name": "Anna"}, "wa_id": status["recipient_id"]}]
            )
    return event


def _who(read: Any) -> str:
    user = read.to_user if hasattr(read, "to_user") else read.from_user
    return str(user.wa_id or user.bsuid)


# What pywa calls it → what the product does.
FACTS = {
    "Message": "MessageReceived",
    "CallbackButton": "MessageReceived",
    "CallbackSelection": "MessageReceived",
    "EditedMessage": "MessageEdited",
    "DeletedMessage": "MessagesDeleted",
    "OutgoingMessage": "OperatorEcho",
    "MessageStatus": "Receipt",
    "UserMarketingPreferences": "MarketingStopped",
}
READINGS = {
    "id": lambda read: read.id,
    "original": lambda read: read.original_message_id,
    "who": _who,
    "text": lambda read: (read.message if hasattr(read, "message") else read).text,
    "value": lambda read: read.data,
    "reply_to": lambda read: read.reply_to_message.message_id,
    "file": lambda read: read.media.id,
    "status": lambda read: read.status.value,
    "key": lambda read: read.tracker,
    "ad": lambda read: read.referral.source_id,
    "phone": lambda read: read.contacts[0].phones[0].phone,
}
