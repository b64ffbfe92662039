"""The WhatsApp part of the fake Graph API: sending with its limits, files, the number, templates."""

from __future__ import annotations

import re
from typing import Any

from fakes.meta_answers import error, ok
from fakes.meta_state import MetaState
from fakes.server import Answer, Seen

_FORMATS = {
    "image": ("image/jpeg", "image/png"),
    "sticker": ("image/webp",),
    "video": ("video/mp4", "video/3gpp"),
    "audio": ("audio/aac", "audio/amr", "audio/mpeg", "audio/mp4", "audio/ogg"),
    "document": None,
}
_LARGEST = {"image": 5, "sticker": 0.5, "video": 16, "audio": 16, "document": 100}


class WhatsAppPart(MetaState):
    """Methods of `FakeMeta` for paths of a number and of a WhatsApp Business account."""

    def whatsapp(self, seen: Seen, path: list[str]) -> Answer:
        """Answers a call of `path`, the version left out."""
        told = seen.params()
        match path[1:]:
            case ["messages"]:
                return self.take_message(seen, told)
            case ["media"]:
                return self.take_file(seen, told)
            case ["message_templates"]:
                return self.make_template(told) if seen.method == "POST" else self.list_templates(told)
            case ["subscribed_apps"]:
                self.subscribed[path[0]] = ["messages"]
                return ok({"success": True})
            case ["phone_numbers"]:
                return ok({"data": [{"id": self.number["id"]}]})
            case []:
                return self.node(seen, path[0], told)
        return error(400, 2500, "Unknown path components")

    def node(self, seen: Seen, number: str, told: dict[str, Any]) -> Answer:
        if number in self.files:
            content, mime = self.files[number]
            return ok(
                {
                    "messaging_product": "whatsapp",
                    "url": f"{self.url}/files/{number}",
                    "mime_type": mime,
                    "file_size": len(content),
                    "id": number,
                }
            )
        if number != self.number["id"]:
            return error(400, 100, "Unsupported get request. Object does not exist", subcode=33)
        if seen.method == "GET":
            hooks = {"phone_number": self.override.get("url")}
            app = self.app_hooks.get("whatsapp_business_account")
            hooks["application"] = app["callback_url"] if app else None
            return ok({**self.number, "webhook_configuration": {k: v for k, v in hooks.items() if v}})
        configuration = told.get("webhook_configuration") or {}
        url = configuration.get("override_callback_uri")
        if url is None:
            return error(400, 100, "Invalid parameter")
        if not url:
            self.override = {}
            return ok({"success": True})
        refusal = self.hook_refusal(url, configuration.get("verify_token"))
        if refusal:
            return refusal
        self.override = {"url": url, "verify_token": configuration["verify_token"]}
        return ok({"success": True})

    def take_message(self, seen: Seen, told: dict[str, Any]) -> Answer:
        if told.get("messaging_product") != "whatsapp":
            return error(400, 100, "(#100) The parameter messaging_product is required.")
        if told.get("status") == "read":
            known = str(told.get("message_id") or "").startswith("wamid.")
            return (
                ok({"success": True})
                if known
                else error(400, 131009, "(#131009) Parameter value is not valid")
            )
        whom = str(told.get("to") or told.get("recipient") or "")
        shape = r"\d{5,20}" if told.get("to") else r"[A-Z]{2}\.[A-Za-z0-9.]{1,160}"
        if not re.fullmatch(shape, whom):
            return error(400, 131009, "(#131009) Parameter value is not valid", details="no such recipient")
        kind = str(told.get("type") or "text")
        why = self.message_trouble(kind, told.get(kind)) or _envelope_trouble(told)
        if why:
            return error(400, 131009, "(#131009) Parameter value is not valid", details=why)
        if whom in self.blocked:
            return error(400, 131026, "(#131026) Message undeliverable")
        if whom in self.closed and kind != "template":
            return error(400, 131047, "(#131047) Re-engagement message")
        if kind == "template":
            refusal = self.template_trouble(told["template"])
            if refusal:
                return refusal
        external_id = f"wamid.OUT{next(self.counter)}"
        seen.sent = {**told, "whom": whom, "external_id": external_id}
        contact = {"input": whom, "wa_id": whom} if told.get("to") else {"input": whom, "user_id": whom}
        return ok(
            {
                "messaging_product": "whatsapp",
                "contacts": [contact],
                "messages": [{"id": external_id, "message_status": "accepted"}],
            }
        )

    def message_trouble(self, kind: str, part: Any) -> str:
        """What is wrong with a message, "" when it is right."""
        if not isinstance(part, dict):
            return f"{kind} is missing"
        if kind == "text":
            return "" if 1 <= len(part.get("body") or "") <= 4096 else "text.body has 1 to 4096 characters"
        if kind in _FORMATS:
            return self.file_trouble(kind, part)
        if kind == "interactive":
            return self.interactive_trouble(part)
        if kind == "template":
            return (
                ""
                if part.get("name") and (part.get("language") or {}).get("code")
                else "template is incomplete"
            )
        return f"no type {kind}"

    def file_trouble(self, kind: str, part: dict[str, Any]) -> str:
        if part.get("id") not in self.files:
            return "no such media id"
        content, mime = self.files[part["id"]]
        formats = _FORMATS[kind]
        if formats is not None and mime not in formats:
            return f"{mime} is no {kind}"
        if len(content) > _LARGEST[kind] * 1024 * 1024:
            return "the file is too large"
        if part.get("caption") and (kind in ("audio", "sticker") or len(part["caption"]) > 1024):
            return "no such caption"
        return ""

    def interactive_trouble(self, part: dict[str, Any]) -> str:
        body, action = (part.get("body") or {}).get("text") or "", part.get("action") or {}
        kind = part.get("type")
        if not 1 <= len(body) <= (4096 if kind == "list" else 1024):
            return "the body is empty or too long"
        header = part.get("header")
        if header and self.file_trouble(header["type"], header[header["type"]]):
            return "a bad header"
        if kind == "button":
            replies = [b.get("reply") or {} for b in action.get("buttons") or []]
            return "" if _choices(replies, most=3, title=20, value=256) else "bad buttons"
        if kind == "list":
            rows = [row for section in action.get("sections") or [] for row in section.get("rows") or []]
            good = _choices(rows, most=10, title=24, value=200) and 1 <= len(action.get("button") or "") <= 20
            return "" if good else "bad rows"
        if kind == "cta_url":
            told = action.get("parameters") or {}
            return "" if str(told.get("url")).startswith("http") and told.get("display_text") else "bad link"
        if kind == "request_contact_info":
            return "" if action.get("name") == kind else "bad action"
        return f"no interactive type {kind}"

    def template_trouble(self, template: dict[str, Any]) -> Answer | None:
        for known in self.templates:
            if known["name"] == template["name"] and known["language"] == template["language"]["code"]:
                break
        else:
            return error(404, 132001, "(#132001) Template name does not exist in the translation")
        if known["status"] != "APPROVED":
            code = {"PAUSED": 132015, "DISABLED": 132016}.get(known["status"], 132001)
            return error(400, code, f"(#{code}) Template is {known['status'].lower()}")
        body = next(part for part in known["components"] if part["type"] == "BODY")
        places = len(set(re.findall(r"\{\{\d+\}\}", body["text"])))
        parts = template.get("components") or []
        given = [p["parameters"] for p in parts if p["type"] == "body"]
        values = given[0] if given else []
        if len(values) != places:
            return error(400, 132000, "(#132000) Number of parameters does not match")
        if any(re.search(r"[\n\t]| {5,}", v["text"]) or not v["text"] for v in values):
            return error(400, 132012, "(#132012) Parameter format does not match")
        return None

    def take_file(self, seen: Seen, told: dict[str, Any]) -> Answer:
        if told.get("messaging_product") != "whatsapp" or not told.get("file") or not told.get("type"):
            return error(400, 100, "(#100) file, type and messaging_product are required")
        return ok({"id": self.store(part_of(seen, "file"), str(told["type"]))})

    def list_templates(self, told: dict[str, Any]) -> Answer:
        limit, start = int(told.get("limit") or 25), int(told.get("after") or 0)
        rows = self.templates[start : start + limit]
        end = start + len(rows)
        paging: dict[str, Any] = {"cursors": {"before": str(start), "after": str(end)}}
        if end < len(self.templates):
            paging["next"] = f"{self.url}/next"
        return ok({"data": rows, "paging": paging})

    def make_template(self, told: dict[str, Any]) -> Answer:
        body = next((p for p in told.get("components") or [] if p.get("type") == "BODY"), None)
        if not re.fullmatch(r"[a-z0-9_]{1,512}", str(told.get("name"))) or body is None:
            return error(400, 100, "Invalid parameter", error_user_msg="The name is not allowed.")
        if re.search(r"^\{\{\d+\}\}|\{\{\d+\}\}$", body["text"].strip()):
            return error(400, 100, "Invalid parameter", subcode=2388299)
        if any(t["name"] == told["name"] and t["language"] == told["language"] for t in self.templates):
            return error(400, 100, "Invalid parameter", subcode=2388024)
        number = str(1_600_000 + next(self.counter))
        self.templates.append({**told, "id": number, "status": "PENDING", "rejected_reason": "NONE"})
        return ok({"id": number, "status": "PENDING", "category": told["category"]})


def _envelope_trouble(told: dict[str, Any]) -> str:
    if len(str(told.get("biz_opaque_callback_data") or "")) > 512:
        return "biz_opaque_callback_data is too long"
    context = told.get("context")
    return "bad context" if context is not None and not context.get("message_id") else ""


def _choices(rows: list[dict[str, Any]], *, most: int, title: int, value: int) -> bool:
    ids = [row.get("id") or "" for row in rows]
    return (
        1 <= len(rows) <= most
        and len(set(ids)) == len(ids)
        and all(1 <= len(row.get("title") or "") <= title for row in rows)
        and all(1 <= len(one) <= value for one in ids)
    )


def part_of(seen: Seen, name: str) -> bytes:
    """The content of a multipart body's file."""
    boundary = seen.headers["content-type"].partition("boundary=")[2].split(";")[0].strip('" ').encode()
    for part in seen.body.split(b"--" + boundary)[1:-1]:
        head, _, content = part.partition(b"\r\n\r\n")
        if f'name="{name}"'.encode() in head:
            return content.removesuffix(b"\r\n")
    return b""
