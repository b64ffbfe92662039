"""Twilio's REST API as far as messages and numbers go, and its signed hooks; used by the fakes of SMS and of calls."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import re
import time
from email.utils import formatdate
from typing import Any
from urllib.parse import urlencode

from fakes.server import Answer, Seen

SID = "AC00112233445566778899aabbccddeeff"
TOKEN = "fake-auth-token"
_PATH = re.compile(r"/2010-04-01/Accounts/([^/.]+)(?:/([A-Za-z]+)(?:/([A-Za-z0-9]+))?)?\.json\Z")
_ENDED = {"delivered", "undelivered", "failed", "canceled", "read"}


class TwilioPart:
    """One account `SID` with the token `TOKEN`, its numbers and its messages."""

    def __init__(self) -> None:
        self.balance = "15.20"
        self.status = "active"
        self.stopped: set[str] = set()
        self.messages: list[dict[str, Any]] = []
        self.numbers: list[dict[str, Any]] = [self.number("PN1", "+15017122661")]
        self._ids = itertools.count(1)

    @staticmethod
    def number(sid: str, phone: str) -> dict[str, Any]:
        """A number of the account."""
        return {"sid": sid, "phone_number": phone, "sms_url": "", "voice_url": "", "status_callback": ""}

    def handles(self, seen: Seen) -> bool:
        """Is this a call of Twilio's API?"""
        return seen.path.startswith("/2010-04-01/")

    def name_of(self, seen: Seen) -> str:
        """`POST Messages`, `GET Balance`, `GET` for the account itself."""
        match = _PATH.match(seen.path)
        return f"{seen.method} {match[2] or ''}".strip() if match else seen.path

    def execute(self, seen: Seen) -> Answer:
        """Does what Twilio does."""
        match = _PATH.match(seen.path)
        if match is None:
            return refusal(404, 20404, "The requested resource was not found")
        shown = "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
        if match[1] != SID or seen.headers.get("authorization") != shown:
            return refusal(401, 20003, "Authenticate")
        what, which = match[2], match[3]
        if what is None:
            return Answer(200, {"sid": SID, "friendly_name": "Salon", "status": self.status})
        if what == "Balance":
            return Answer(200, {"account_sid": SID, "balance": self.balance, "currency": "USD"})
        if what == "IncomingPhoneNumbers":
            return self._numbers(seen, which)
        if what == "Messages":
            return self._send(seen) if seen.method == "POST" else self._list(seen)
        return refusal(404, 20404, "The requested resource was not found")

    def _numbers(self, seen: Seen, which: str | None) -> Answer:
        if which is None:
            wanted = seen.query.get("PhoneNumber")
            rows = [row for row in self.numbers if not wanted or row["phone_number"] == wanted]
            return Answer(200, {"incoming_phone_numbers": rows, "page": 0})
        row = next((row for row in self.numbers if row["sid"] == which), None)
        if row is None:
            return refusal(404, 20404, "The requested resource was not found")
        names = {"SmsUrl": "sms_url", "VoiceUrl": "voice_url", "StatusCallback": "status_callback"}
        for name, text in seen.params().items():
            row[names.get(name, name)] = text
        return Answer(200, row)

    def _send(self, seen: Seen) -> Answer:
        told = seen.params()
        to, body = str(told.get("To") or ""), str(told.get("Body") or "")
        if not re.fullmatch(r"\+[1-9]\d{6,14}", to):
            return refusal(400, 21211, f"The 'To' number {to} is not a valid phone number.")
        if not told.get("From") and not told.get("MessagingServiceSid"):
            return refusal(400, 21603, "A 'From' phone number is required.")
        if not body:
            return refusal(400, 21602, "Message body is required.")
        if len(body) > 1600:
            return refusal(400, 21617, "The concatenated message body exceeds the 1600 character limit.")
        if to in self.stopped:
            return refusal(400, 21610, "Attempt to send to unsubscribed recipient")
        life = told.get("ValidityPeriod")
        if life is not None and not (str(life).isdigit() and 1 <= int(life) <= 36_000):
            return refusal(400, 21640, "Invalid ValidityPeriod")
        row = {
            "sid": f"SM{next(self._ids):032x}",
            "status": "queued",
            "to": to,
            "from": told.get("From") or "",
            "body": body,
            "direction": "outbound-api",
            "num_segments": str(1 + len(body) // 67 if not body.isascii() else 1 + len(body) // 153),
            "price": None,
            "price_unit": "USD",
            "error_code": None,
            "error_message": None,
            "date_created": formatdate(usegmt=False),
            "date_sent": None,
        }
        self.messages.append(row)
        seen.sent = {**told, "sid": row["sid"]}
        return Answer(201, row)

    def _list(self, seen: Seen) -> Answer:
        to = seen.query.get("To")
        rows = [row for row in reversed(self.messages) if not to or row["to"] == to]
        return Answer(200, {"messages": rows, "page": 0, "page_size": 50})

    def report(self, sid: str, status: str, error: str = "") -> dict[str, str]:
        """The fields of the status callback after the message has come to `status`."""
        row = next(row for row in self.messages if row["sid"] == sid)
        row["status"], row["error_code"] = status, int(error) if error else None
        if status in _ENDED:
            row["date_sent"], row["price"] = formatdate(), "-0.05"
        fields = {
            "AccountSid": SID,
            "ApiVersion": "2010-04-01",
            "From": row["from"],
            "To": row["to"],
            "MessageSid": sid,
            "SmsSid": sid,
            "MessageStatus": status,
            "SmsStatus": status,
        }
        if error:
            fields["ErrorCode"] = error
        if status == "delivered":
            fields["RawDlrDoneDate"] = time.strftime("%y%m%d%H%M", time.gmtime())
        return fields

    def said(self, phone: str, text: str, *, to: str = "+15017122661", **more: str) -> dict[str, str]:
        """The fields of the hook for a message that a person wrote; it stands in the list from now on."""
        sid = f"SM{next(self._ids):032x}"
        opted = text.strip().upper()
        if opted == "STOP":
            self.stopped.add(phone)
            more.setdefault("OptOutType", "STOP")
        elif opted == "START":
            self.stopped.discard(phone)
            more.setdefault("OptOutType", "START")
        self.messages.append(
            {
                "sid": sid,
                "status": "received",
                "to": to,
                "from": phone,
                "body": text,
                "direction": "inbound",
                "error_code": None,
                "price": None,
                "date_created": formatdate(),
                "date_sent": formatdate(),
            }
        )
        return {
            "AccountSid": SID,
            "From": phone,
            "To": to,
            "MessageSid": sid,
            "SmsSid": sid,
            "SmsStatus": "received",
            "Body": text,
            "NumMedia": "0",
            "NumSegments": "1",
            **more,
        }


def refusal(status: int, code: int, message: str) -> Answer:
    """A refusal in Twilio's form."""
    more = f"https://www.twilio.com/docs/errors/{code}"
    return Answer(status, {"code": code, "message": message, "more_info": more, "status": status})


def signed(url: str, fields: dict[str, str], token: str = TOKEN) -> tuple[dict[str, str], bytes]:
    """(headers, body) of a hook to `url`, as Twilio posts it."""
    said = url + "".join(name + fields[name] for name in sorted(fields))
    proof = base64.b64encode(hmac.new(token.encode(), said.encode(), hashlib.sha1).digest()).decode()
    headers = {
        "content-type": "application/x-www-form-urlencoded; charset=UTF-8",
        "x-twilio-signature": proof,
    }
    return headers, urlencode(fields).encode()
