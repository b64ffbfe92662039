"""Providers of text messages as our server sees them: SMSC (/sys/), SMS Aero (/v2/) and Twilio (/2010-04-01/).

    with FakeSms() as sms:
        PROVIDER_URLS |= sms.urls()
        sms.smsc.messages; sms.twilio.messages
        headers, body = sms.smsc.report("m42", 1)        # the signed callback about it

`python -m fakes.sms --port 8085` runs it alone. Answers are those of the providers as far as we rely on them.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import itertools
import json
import re
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlencode

from fakes.server import Answer, FakeServer, Seen
from fakes.sms_twilio import TwilioPart

LOGIN, PASSWORD, API_KEY = "salon", "smsc-password", "smsc-api-key"
CALLBACK_SECRET = "smsc-callback-secret"
AERO_LOGIN, AERO_KEY = "olga@salon.example", "aero-key-0123456789abcdef"
FORM = {"content-type": "application/x-www-form-urlencoded"}


def parts_of(text: str) -> int:
    """How a provider bills a text (ASCII by 160 and 153, anything else by 70 and 67)."""
    single, each = (160, 153) if text.isascii() else (70, 67)
    length = len(text.encode("utf-16-le")) // 2
    return 1 if length <= single else -(-length // each)


class SmscPart:
    """SMSC's account; every error is status 200 with a code."""

    def __init__(self) -> None:
        self.balance = 1203.40
        self.price = 4.65
        self.senders = {"", "SALON"}
        self.messages: list[dict[str, Any]] = []
        self.answers: list[dict[str, Any]] = []
        self._ids = itertools.count(501)

    def execute(self, seen: Seen) -> Answer:
        """Does what SMSC does."""
        told = seen.params()
        pair = (told.get("login"), told.get("psw")) == (LOGIN, PASSWORD)
        if not pair and told.get("apikey") != API_KEY:
            return smsc_error(2, "authorise error")
        if told.get("fmt") != "3" or told.get("charset") != "utf-8":
            return Answer(200, b"ERROR = 1 (bad request)")
        script = seen.path.removeprefix("/sys/").removesuffix(".php")
        if script == "send":
            return self._send(seen, told)
        if script == "status":
            return self._status(told)
        if script == "balance":
            return Answer(200, {"balance": f"{self.balance:.2f}", "currency": "RUR"})
        if script == "get":
            return self._get(told)
        return Answer(404, "<html>404</html>")

    def _send(self, seen: Seen, told: dict[str, Any]) -> Answer:
        phone, text, ident = str(told.get("phones") or ""), str(told.get("mes") or ""), told.get("id")
        if ident is not None and not re.fullmatch(r"[A-Za-z0-9._-]{1,40}", str(ident)):
            return smsc_error(1, "parameters error")
        if not text or len(text) > 1000:
            return smsc_error(1, "parameters error")
        life = told.get("valid")
        if life is not None and not re.fullmatch(r"(0[0-9]|1[0-9]|2[0-4]):[0-5][0-9]", str(life)):
            return smsc_error(5, "wrong date format")
        if not re.fullmatch(r"\+[1-9]\d{9,14}", phone):
            return smsc_error(7, "invalid number", ident)
        if str(told.get("sender") or "") not in self.senders:
            return smsc_error(6, "message is denied", ident)
        cost = self.price * parts_of(text)
        if cost > self.balance:
            return smsc_error(3, "no money", ident)
        recent = [m for m in self.messages if m["at"] > time.time() - 60]
        if any((m["phone"], m["mes"]) == (phone.lstrip("+"), text) for m in recent):
            return smsc_error(9, "duplicate request, wait a minute")
        self.balance -= cost
        row = {
            "id": ident or next(self._ids),
            "phone": phone.lstrip("+"),
            "mes": text,
            "status": -1,
            "err": 0,
            "cost": f"{cost:.2f}",
            "cnt": parts_of(text),
            "at": time.time(),
        }
        self.messages.append(row)
        seen.sent = {**told, "id": row["id"]}
        each = {"phone": row["phone"], "mccmnc": "25001", "cost": row["cost"], "status": "", "error": ""}
        return Answer(
            200,
            {"id": row["id"], "cnt": row["cnt"], "cost": row["cost"], "balance": f"{self.balance:.2f}",
             "phones": [each]},
        )  # fmt: skip

    def _status(self, told: dict[str, Any]) -> Answer:
        phone, ident = str(told.get("phone") or "").lstrip("+"), str(told.get("id") or "")
        row = next((m for m in self.messages if (m["phone"], str(m["id"])) == (phone, ident)), None)
        if row is None:
            return Answer(
                200, {"status": -3, "last_date": "", "last_timestamp": 0, "id": ident, "phone": phone}
            )
        answer = {"status": row["status"], "last_date": "23.11.2026 13:00:05", "last_timestamp": 1795428005}
        if row["err"]:
            answer["err"] = row["err"]
        if told.get("all") in ("1", "2"):
            answer |= {"id": ident, "phone": phone, "cost": row["cost"], "message": row["mes"]}
        return Answer(200, answer)

    def _get(self, told: dict[str, Any]) -> Answer:
        if told.get("get_answers"):
            return Answer(200, list(self.answers))
        rows = [
            {"id": m["id"], "phone": m["phone"], "status": m["status"], "err": m["err"], "cost": m["cost"],
             "last_timestamp": 1795428005, "message": m["mes"]}
            for m in self.messages
        ]  # fmt: skip
        return Answer(200, rows) if rows else smsc_error(3, "no record")

    def report(self, ident: str, status: int, *, err: int = 0) -> tuple[dict[str, str], bytes]:
        """(headers, body) of the callback after message `ident` has come to `status`."""
        row = next(m for m in self.messages if str(m["id"]) == ident)
        row["status"], row["err"] = status, err
        fields = {"id": ident, "phone": row["phone"], "status": str(status), "ts": "1795428005", "type": "0",
                  "time": "23.11.2026 13:00:05", "cost": row["cost"]}  # fmt: skip
        if err:
            fields["err"] = str(err)
        return FORM, smsc_signed(fields, ("id", "phone", "status"))

    def said(self, phone: str, text: str, *, to: str = "79160000000") -> tuple[dict[str, str], bytes]:
        """(headers, body) of the callback for a message that a person wrote to a rented number."""
        ident = str(next(self._ids))
        self.answers.append(
            {"id": ident, "received": "23.11.2026 13:10:00", "phone": phone, "message": text, "to_phone": to}
        )
        fields = {"sms_id": ident, "phone": phone, "mes": text, "to": to, "time": "23.11.2026 13:10:00"}
        return FORM, smsc_signed(fields, ("phone", "mes", "to"))


class AeroPart:
    """SMS Aero's account, API v2."""

    def __init__(self) -> None:
        self.balance = 337.03
        self.signs = {"SMS Aero", "SALON"}
        self.messages: list[dict[str, Any]] = []
        self._ids = itertools.count(12345)

    def execute(self, seen: Seen) -> Answer:
        """Does what SMS Aero does."""
        shown = "Basic " + base64.b64encode(f"{AERO_LOGIN}:{AERO_KEY}".encode()).decode()
        if seen.headers.get("authorization") != shown:
            return aero_error(401, "Your request was made with invalid credentials.")
        method, told = seen.path.removeprefix("/v2/"), seen.params()
        if method == "auth":
            return Answer(200, {"success": True, "data": None, "message": "Successful authorization."})
        if method == "balance":
            return aero_ok({"balance": self.balance})
        if method == "sms/send":
            return self._send(seen, told)
        if method == "sms/list":
            return self._list(told)
        return aero_error(404, "Page not found.")

    def _send(self, seen: Seen, told: dict[str, Any]) -> Answer:
        number, text, sign = told.get("number"), str(told.get("text") or ""), str(told.get("sign") or "")
        wrong = {}
        if not isinstance(number, int) or not re.fullmatch(r"[1-9]\d{9,14}", str(number)):
            wrong["number"] = ["incorrect"]
        if not 2 <= len(text) <= 640:
            wrong["text"] = ["incorrect"]
        if sign not in self.signs:
            wrong["sign"] = ["incorrect"]
        if wrong:
            return aero_error(400, "Validation error.", wrong)
        if self.balance < 5.49:
            return Answer(200, {"result": "no credits"})
        self.balance -= 5.49
        row = {
            "id": next(self._ids),
            "from": sign,
            "number": str(number),
            "text": text,
            "status": 0,
            "extendStatus": "queue",
            "channel": "DIRECT",
            "cost": 5.49,
            "dateCreate": int(time.time()),
            "dateSend": int(time.time()),
        }
        self.messages.append(row)
        seen.sent = {**told, "id": row["id"]}
        return aero_ok(row)

    def _list(self, told: dict[str, Any]) -> Answer:
        rows = [
            row
            for row in reversed(self.messages)
            if all(str(row[name]) == str(told[name]) for name in ("number", "text") if told.get(name))
        ]
        return aero_ok({**{str(n): row for n, row in enumerate(rows)}, "links": {}, "totalCount": len(rows)})

    def report(self, ident: int, status: int) -> tuple[dict[str, str], bytes]:
        """(headers, body) of the callback after message `ident` has come to `status`."""
        row = next(m for m in self.messages if m["id"] == ident)
        words = {1: "delivery", 2: "fail", 3: "transmitted", 6: "reject"}
        row |= {"status": status, "extendStatus": words.get(status, ""), "dateAnswer": 1795428005}
        fields = {name: str(row[name]) for name in ("id", "status", "extendStatus", "dateAnswer")}
        return FORM, urlencode(fields).encode()


class FakeSms(FakeServer):
    """The three providers behind one address; a call's name is its script, method or `POST Messages`."""

    def __init__(self, *, latency: float = 0.0, port: int = 0) -> None:
        super().__init__(latency=latency, port=port)
        self.smsc, self.aero, self.twilio = SmscPart(), AeroPart(), TwilioPart()

    def urls(self) -> dict[str, str]:
        """What PROVIDER_URLS should say."""
        return {"smsc": self.url, "smsaero": f"{self.url}/v2", "twilio": self.url}

    def name_of(self, seen: Seen) -> str:
        if self.twilio.handles(seen):
            return self.twilio.name_of(seen)
        return seen.path.removeprefix("/sys/").removeprefix("/v2/").removesuffix(".php")

    def execute(self, seen: Seen) -> Answer:
        part: Any = self.twilio if self.twilio.handles(seen) else None
        if part is None and seen.path.startswith("/sys/"):
            part = self.smsc
        elif part is None and seen.path.startswith("/v2/"):
            part = self.aero
        if part is None:
            return Answer(404, "<html>404</html>")
        return part.execute(seen)

    @staticmethod
    def post(url: str, headers: dict[str, str], body: bytes) -> int:
        """Posts a hook; the answer's status, 0 when there was none."""
        request = urllib.request.Request(url, data=body, headers=headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as error:
            return int(error.code)
        except OSError:
            return 0


def smsc_error(code: int, text: str, ident: Any = None) -> Answer:
    """An error of SMSC."""
    more = {"id": ident} if ident is not None else {}
    return Answer(200, {"error": text, "error_code": code, **more})


def smsc_signed(fields: dict[str, str], names: tuple[str, ...]) -> bytes:
    """A callback's body with both signatures."""
    told = ":".join([*(fields[name] for name in names), CALLBACK_SECRET]).encode()
    signs = {"md5": hashlib.md5(told).hexdigest(), "sha1": hashlib.sha1(told).hexdigest()}
    return urlencode({**fields, **signs}).encode()


def aero_ok(data: Any) -> Answer:
    """A successful answer of SMS Aero."""
    return Answer(200, {"success": True, "data": data, "message": None})


def aero_error(status: int, text: str, data: Any = None) -> Answer:
    """A refusal of SMS Aero."""
    return Answer(status, {"success": False, "data": data, "message": text})


def main() -> None:
    """Runs the server until it is interrupted."""
    parser = argparse.ArgumentParser(description="Fake providers of text messages")
    parser.add_argument("--port", type=int, default=8085)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    server = FakeSms(port=options.port, latency=options.latency).start()
    sys.stdout.write(json.dumps({"url": server.url}) + "\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
