"""Providers of telephony as our server sees them: their APIs, their recordings and their signed events.

    with FakeTelephony() as telephony:
        PROVIDER_URLS |= telephony.urls()
        call = telephony.mango.call("79131234567", "74951112233", talk=60)
        for hook in call: hook.post(url)             # or hook.request(url) in a test of the wire alone

`python -m fakes.telephony --port 8086` runs it alone. Answers are those of the providers as far as we rely on them.
"""

from __future__ import annotations

import argparse
import base64
import hashlib
import hmac
import itertools
import json
import sys
import threading
import time
from typing import Any
from urllib.parse import parse_qsl, urlencode

from fakes.server import Answer, FakeServer, Seen
from fakes.sms_twilio import TwilioPart, signed
from fakes.telephony_hook import FORM, Hook

MANGO_KEY, MANGO_SALT = "mango-code", "mango-salt"
API_KEY, API_SECRET = "zd-key", "zd-secret"
UIS_TOKEN = "uis-data-api-token"
VATS_TOKEN, CRM_TOKEN = "vats-token", "crm-token"
AUDIO = b"ID3\x04\x00recording"


class MangoPart:
    """Mango Office: signed both ways, statistics that take a while, recordings behind a redirect."""

    def __init__(self) -> None:
        self.statistics: list[dict[str, Any]] = []
        self.recordings: set[str] = set()
        self.slow = 1  # looks at the statistics before they are ready
        self.asked: dict[str, int] = {}
        self._ids = itertools.count(1)

    def execute(self, seen: Seen, base: str) -> Answer:
        """Does what Mango does."""
        told = seen.params()
        text = str(told.get("json") or "")
        if told.get("vpbx_api_key") != MANGO_KEY:
            return Answer(200, {"result": 3105})
        if told.get("sign") != mango_sign(text):
            return Answer(200, {"result": 3102})
        asked = json.loads(text)
        path = seen.path.removeprefix("/vpbx/")
        if path == "config/users/request":
            return Answer(200, {"users": [{"general": {"name": "Olga"}, "telephony": {"extension": "101"}}]})
        if path == "queries/recording/post":
            if asked.get("recording_id") not in self.recordings:
                return Answer(404, {"result": 3100})
            return Answer(302, b"", {"Location": f"{base}/media/{asked['recording_id']}"})
        if path == "stats/calls/request":
            key = f"stat{next(self._ids)}"
            self.asked[key] = self.slow
            return Answer(200, {"result": 1000, "key": key})
        if path == "stats/calls/result":
            if asked.get("key") not in self.asked:
                return Answer(200, {"result": 1000, "status": "not-found"})
            if self.asked[asked["key"]] > 0:
                self.asked[asked["key"]] -= 1
                return Answer(204, b"")
            return Answer(200, {"result": 1000, "status": "complete", "data": [{"list": self.statistics}]})
        return Answer(200, {"result": 3101})

    def event(self, path: str, told: dict[str, Any]) -> Hook:
        """One event below our address."""
        text = json.dumps(told, ensure_ascii=False)
        return Hook(FORM, {"vpbx_api_key": MANGO_KEY, "sign": mango_sign(text), "json": text}, path=path)

    def call(self, caller: str, line: str, *, talk: int = 0, wait: int = 10, shown: str = "") -> list[Hook]:
        """The events of an incoming call; it stands in the statistics from now on."""
        entry, began = f"entry{next(self._ids)}", int(time.time())
        leg: dict[str, Any] = {
            "entry_id": entry,
            "call_id": f"{entry}.1",
            "timestamp": began,
            "seq": 1,
            "call_state": "Appeared",
            "location": "abonent",
            "from": {"number": caller},
            "to": {"extension": "101", "number": "sip:olga@salon.mangosip.ru", "line_number": line},
        }
        if shown:
            leg["dct"] = {"number": shown, "type": 1}
        hooks = [self.event("events/call", leg)]
        answered = began + wait if talk else 0
        if talk:
            hooks.append(
                self.event("events/call", {**leg, "seq": 2, "call_state": "Connected", "timestamp": answered})
            )
        summary = {
            "entry_id": entry,
            "call_direction": 1,
            "from": {"number": caller},
            "to": {"extension": "101"},
            "line_number": line,
            "create_time": began,
            "talk_time": answered,
            "end_time": began + wait + talk,
            "entry_result": int(bool(talk)),
            "disconnect_reason": 1110,
        }
        hooks.append(self.event("events/summary", summary))
        row: dict[str, Any] = {
            "entry_id": entry,
            "context_type": 1,
            "context_status": int(bool(talk)),
            "context_start_time": began,
            "caller_number": caller,
            "called_number": line,
            "duration": wait + talk,
            "talk_duration": talk,
            "context_calls": [],
        }
        if talk:
            recording = f"rec{entry}"
            self.recordings.add(recording)
            hooks.append(self.event("events/record/added", {"entry_id": entry, "recording_id": recording}))
            row["context_calls"] = [{"recording_id": recording, "members": []}]
        self.statistics.append(row)
        return hooks


class ZadarmaPart:
    """Zadarma, and Novofon beside it: one account with its callback address."""

    def __init__(self) -> None:
        self.balance = 120.5
        self.url = ""
        self.notifications: dict[str, str] = {}
        self.recordings: set[str] = set()

    def execute(self, seen: Seen, base: str) -> Answer:
        """Does what Zadarma does."""
        told = urlencode(sorted(seen.params().items()))
        text = seen.path + told + hashlib.md5(told.encode()).hexdigest()
        sign = base64.b64encode(
            hmac.new(API_SECRET.encode(), text.encode(), hashlib.sha1).hexdigest().encode()
        )
        if seen.headers.get("authorization") != f"{API_KEY}:{sign.decode()}":
            return Answer(401, {"status": "error", "message": "Not authorized"})
        if seen.path == "/v1/info/balance/":
            return Answer(200, {"status": "success", "balance": self.balance, "currency": "RUB"})
        if seen.path == "/v1/pbx/callinfo/":
            return Answer(200, {"status": "success", "url": self.url, "notifications": self.notifications})
        if seen.path == "/v1/pbx/callinfo/url/" and seen.method == "POST":
            self.url = str(seen.params().get("url") or "")
            return Answer(200, {"status": "success", "url": self.url})
        if seen.path == "/v1/pbx/callinfo/notifications/" and seen.method == "POST":
            self.notifications = {k: str(v) for k, v in seen.params().items() if k.startswith("notify_")}
            return Answer(200, {"status": "success", "notifications": self.notifications})
        if seen.path == "/v1/pbx/record/request/":
            if seen.query.get("call_id") not in self.recordings:
                return Answer(404, {"status": "error", "message": "File not found"})
            return Answer(200, {"status": "success", "link": f"{base}/media/{seen.query['call_id']}"})
        return Answer(404, {"status": "error", "message": "Method not found"})

    def event(self, order: tuple[str, ...], **fields: str) -> Hook:
        """One event, signed over the fields of `order`."""
        told = "".join(fields.get(name, "") for name in order).encode()
        digest = hmac.new(API_SECRET.encode(), told, hashlib.sha1).hexdigest()
        return Hook({**FORM, "signature": base64.b64encode(digest.encode()).decode()}, fields)

    def call(self, caller: str, line: str, *, talk: int = 0) -> list[Hook]:
        """The events of an incoming call."""
        known = {
            "call_start": time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(time.time() + 3 * 3600)),
            "pbx_call_id": f"in_{time.time_ns():x}",
            "caller_id": caller,
            "called_did": line,
        }
        order = ("caller_id", "called_did", "call_start")
        hooks = [self.event(order, event="NOTIFY_START", **known)]
        end = {"duration": str(talk), "disposition": "answered" if talk else "no answer"}
        if not talk:
            return [*hooks, self.event(order, event="NOTIFY_END", **known, **end)]
        recording = f"{time.time_ns()}.1"
        self.recordings.add(recording)
        answer = ("caller_id", "destination", "call_start")
        hooks.append(self.event(answer, event="NOTIFY_ANSWER", destination="101", internal="101", **known))
        hooks.append(self.event(order, event="NOTIFY_END", internal="101", is_recorded="1",
                                call_id_with_rec=recording, **known, **end))  # fmt: skip
        record = {"pbx_call_id": known["pbx_call_id"], "call_id_with_rec": recording}
        hooks.append(self.event(("pbx_call_id", "call_id_with_rec"), event="NOTIFY_RECORD", **record))
        return hooks


class UisPart:
    """The Data API of UIS."""

    def __init__(self) -> None:
        self.report: list[dict[str, Any]] = []

    def execute(self, seen: Seen) -> Answer:
        """Does what the Data API does."""
        told = json.loads(seen.body)
        params = told.get("params") or {}
        if params.get("access_token") != UIS_TOKEN:
            return uis_error("access_token_invalid", "Access token is invalid")
        if told.get("method") != "get.calls_report":
            return uis_error("method_not_found", "Method not found")
        for name in ("date_from", "date_till"):
            time.strptime(params[name], "%Y-%m-%d %H:%M:%S")
        wanted = params["fields"]
        rows = [{name: row.get(name) for name in wanted} for row in self.report[: params["limit"]]]
        return Answer(200, {"jsonrpc": "2.0", "id": "1", "result": {"data": rows, "metadata": {}}})


class MegafonPart:
    """MegaFon's virtual PBX: its own API, and events with the key of our CRM."""

    def __init__(self) -> None:
        self.history: list[tuple[str, ...]] = []
        self._ids = itertools.count(4329439)

    def execute(self, seen: Seen) -> Answer:
        """Does what the PBX does."""
        told = seen.params()
        if told.get("token") != VATS_TOKEN:
            return Answer(401, {"error": "Invalid token"})
        if told.get("cmd") == "accounts":
            return Answer(200, [{"name": "olga", "realName": "Olga", "ext": "101"}])
        if told.get("cmd") == "history":
            rows = self.history if told.get("period") == "today" else []
            return Answer(200, "\r\n".join(",".join(row) for row in rows).encode())
        return Answer(400, {"error": "Invalid parameters"})

    def call(self, caller: str, line: str, *, talk: int = 0, media: str = "") -> list[Hook]:
        """The events of an incoming call; it stands in the history from now on."""
        ident, start = str(next(self._ids)), time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
        kind = "in" if talk else "missed"
        self.history.append((ident, kind, caller, "olga", line, start, "8", str(talk), media))
        known = {"callid": ident, "phone": caller, "diversion": line, "crm_token": CRM_TOKEN}
        hooks = [Hook(FORM, {"cmd": "event", "type": "INCOMING", "user": "olga", "ext": "101", **known})]
        if talk:
            hooks.append(
                Hook(FORM, {"cmd": "event", "type": "ACCEPTED", "user": "olga", "ext": "101", **known})
            )
        history = {
            "cmd": "history",
            "type": "in",
            "start": start,
            "duration": str(talk),
            "status": "Success" if talk else "Missed",
            "link": media,
            "user": "olga" if talk else "",
        }
        return [*hooks, Hook(FORM, {**history, **known})]


class FakeTelephony(FakeServer):
    """All providers behind one address; a call's name is its path, for Twilio `POST IncomingPhoneNumbers` and so on."""

    def __init__(self, *, latency: float = 0.0, port: int = 0) -> None:
        super().__init__(latency=latency, port=port)
        self.mango, self.zadarma, self.uis = MangoPart(), ZadarmaPart(), UisPart()
        self.megafon, self.twilio = MegafonPart(), TwilioPart()

    def urls(self) -> dict[str, str]:
        """What PROVIDER_URLS should say."""
        return dict.fromkeys(("mango", "zadarma", "novofon", "uis", "megafon", "twilio"), self.url)

    def name_of(self, seen: Seen) -> str:
        return self.twilio.name_of(seen) if self.twilio.handles(seen) else seen.path

    def execute(self, seen: Seen) -> Answer:
        if seen.path.startswith("/media/"):
            return Answer(200, AUDIO, {"Content-Type": "audio/mpeg"})
        if self.twilio.handles(seen):
            return self.twilio.execute(seen)
        if seen.path.startswith("/vpbx/"):
            return self.mango.execute(seen, self.url)
        if seen.path.startswith("/v1/"):
            return self.zadarma.execute(seen, self.url)
        if seen.path == "/v2.0":
            return self.uis.execute(seen)
        if seen.path == "/sys/crm_api.wcgp":
            return self.megafon.execute(seen)
        return Answer(404, "<html>404</html>")

    @staticmethod
    def sipuni_call(caller: str, line: str, *, talk: int = 0, media: str = "") -> list[Hook]:
        """The events of an incoming call at Sipuni, which has no API that we ask; they come by GET."""
        began = int(time.time())
        known = {"call_id": f"{began}.{time.time_ns() % 100000}", "src_num": caller, "src_type": "1",
                 "dst_num": line, "dst_type": "1", "call_start_timestamp": str(began)}  # fmt: skip
        end = {
            "status": "ANSWER" if talk else "NOANSWER",
            "timestamp": str(began + 10 + talk),
            "call_answer_timestamp": str(began + 10) if talk else "0",
            "call_record_link": media,
        }
        return [
            Hook(FORM, {"event": "1", "timestamp": str(began), **known}, method="GET"),
            Hook(FORM, {"event": "2", **known, **end}, method="GET"),
        ]

    def twilio_call(self, url: str, caller: str, *, sid: str, talk: int = 0) -> list[Hook]:
        """The requests of an incoming call to a number whose voice address is `url`."""
        known = {
            "CallSid": sid,
            "AccountSid": "AC1",
            "From": caller,
            "To": "+15017122661",
            "Direction": "inbound",
        }
        dialled = (
            {"DialCallStatus": "completed", "DialCallDuration": str(talk)}
            if talk
            else {"DialCallStatus": "no-answer"}
        )
        steps = (
            ("", {"CallStatus": "ringing"}),
            ("dial", {"CallStatus": "in-progress", **dialled}),
            ("status", {"CallStatus": "completed", "CallDuration": str(talk + 20)}),
        )
        hooks = []
        for path, more in steps:
            headers, body = signed(url + path, {**known, **more})
            hooks.append(Hook(headers, dict(parse_qsl(body.decode(), keep_blank_values=True)), path=path))
        return hooks


def mango_sign(text: str) -> str:
    """The signature of Mango's both directions."""
    return hashlib.sha256(f"{MANGO_KEY}{text}{MANGO_SALT}".encode()).hexdigest()


def uis_error(mnemonic: str, message: str) -> Answer:
    """A JSON-RPC failure."""
    return Answer(
        200,
        {
            "jsonrpc": "2.0",
            "id": "1",
            "error": {"code": -32001, "message": message, "data": {"mnemonic": mnemonic}},
        },
    )


def main() -> None:
    """Runs the server until it is interrupted."""
    parser = argparse.ArgumentParser(description="Fake providers of telephony")
    parser.add_argument("--port", type=int, default=8086)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    server = FakeTelephony(port=options.port, latency=options.latency).start()
    sys.stdout.write(json.dumps({"url": server.url}) + "\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
