"""The Graph API as our server sees it: a WhatsApp number and an Instagram account, and people who write to them.

    with FakeMeta() as meta:
        anna = meta.whatsapp_person("79161234567", "Anna", hook=url)
        anna.say("Hello"); anna.press(meta.sent_to("79161234567")[0], "yes")
        meta.report(meta.sent_to("79161234567")[0], "read", hook=url)
        olga = meta.instagram_person("1784140000000001", "olga", hook=url)
        olga.comment("How much?")

`python -m fakes.meta --port 8084` runs it alone. From another process: `GET /_fake/ledger`, `POST /_fake/script
{"name", "code"|"status"|"fault", "times"}`, `POST /_fake/latency {"seconds"}`, `POST /_fake/say {"kind", "hook",
"from", "text"}`. Shapes and error numbers are those of Graph v25.0 as far as we rely on them.
"""

from __future__ import annotations

import argparse
import hashlib
import hmac
import json
import sys
import threading
import time
import urllib.error
import urllib.request
from typing import Any

from fakes.meta_answers import error, ok
from fakes.meta_instagram import InstagramPart
from fakes.meta_people import InstagramPerson, WhatsAppPerson
from fakes.meta_state import ACCOUNT, APP, BUSINESS, NUMBER
from fakes.meta_whatsapp import WhatsAppPart
from fakes.server import Answer, Fault, Seen


class FakeMeta(WhatsAppPart, InstagramPart):
    """See `MetaState` for what it can be told."""

    # For tests ------------------------------------------------------------------------------------------------

    def fail(
        self, code: int, *, subcode: int = 0, status: int = 400, name: str = "messages", **more: Any
    ) -> None:
        """The next call of that name is refused with a Graph error; nothing is executed."""
        self.when(name, error(status, code, f"(#{code}) refused", subcode=subcode, **more), times=1)

    def break_off(self, fault: Fault = "drop", *, times: int | None = 1, name: str = "messages") -> None:
        """The next calls are executed, but their answers get lost."""
        self.when(name, fault=fault, times=times)

    def sent_to(self, person: str) -> list[dict[str, Any]]:
        """Bodies of the messages taken for a person (or a comment), in order; `external_id` and `at` beside them."""
        with self.lock:
            return [
                {**seen.sent, "at": seen.at}
                for seen in self.ledger
                if seen.executed and seen.sent and seen.sent["whom"] == person
            ]

    def whatsapp_person(self, wa_id: str, name: str = "Anna", **more: Any) -> WhatsAppPerson:
        """Somebody with WhatsApp, see `WhatsAppPerson`."""
        return WhatsAppPerson(self, wa_id, name, **more)

    def instagram_person(self, igsid: str, username: str = "anna", **more: Any) -> InstagramPerson:
        """Somebody with Instagram, see `InstagramPerson`."""
        return InstagramPerson(self, igsid, username, **more)

    def report(self, sent: dict[str, Any], status: str, *, hook: str = "", **more: Any) -> int:
        """Tells our server what became of a WhatsApp message of ours."""
        row = {
            "id": sent["external_id"],
            "status": status,
            "timestamp": str(int(time.time())),
            "recipient_id": sent["whom"],
            **more,
        }
        if sent.get("biz_opaque_callback_data"):
            row["biz_opaque_callback_data"] = sent["biz_opaque_callback_data"]
        told: dict[str, Any] = {"statuses": [row]}
        if status != "failed":  # those come without
            told["contacts"] = [{"profile": {"name": "Anna"}, "wa_id": sent["whom"]}]
        return self.deliver_whatsapp(told, hook=hook)

    def deliver_whatsapp(self, value: dict[str, Any], *, field: str = "messages", hook: str = "") -> int:
        """Posts one change about the number; the answer's status, 0 when the connection failed."""
        about = {"phone_number_id": NUMBER, "display_phone_number": "79990000000"}
        whole = {"messaging_product": "whatsapp", "metadata": about, **value}
        entry = {"id": BUSINESS, "changes": [{"field": field, "value": whole}]}
        hook = hook or self.override.get("url") or self.app_hooks["whatsapp_business_account"]["callback_url"]
        return self._post(hook, {"object": "whatsapp_business_account", "entry": [entry]}, self.app_secret)

    def deliver_instagram(self, entry: dict[str, Any], *, hook: str = "") -> int:
        """Posts one entry about the account."""
        whole = {"id": ACCOUNT, "time": int(time.time() * 1000), **entry}
        hook = hook or self.app_hooks["instagram"]["callback_url"]
        return self._post(hook, {"object": "instagram", "entry": [whole]}, self.instagram_secret)

    def _post(self, hook: str, event: dict[str, Any], secret: str) -> int:
        # Meta writes other letters than ASCII as escapes and slashes as \/.
        body = json.dumps(event).replace("/", "\\/").encode()
        proof = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
        headers = {"Content-Type": "application/json", "X-Hub-Signature-256": f"sha256={proof}"}
        request = urllib.request.Request(hook, data=body, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return int(answer.status)
        except urllib.error.HTTPError as refused:
            return refused.code
        except OSError:
            return 0

    # The Graph API --------------------------------------------------------------------------------------------

    def name_of(self, seen: Seen) -> str:
        parts = [part for part in seen.path.split("/") if part][1:]
        if len(parts) > 1:
            return parts[1]
        return parts[0] if parts and not parts[0].isdigit() else "node"

    def execute(self, seen: Seen) -> Answer:
        if seen.path.startswith("/_fake/"):
            return self._control(seen)
        answer = self.graph(seen)
        if answer.status != 200:
            seen.executed = False
        return answer

    def graph(self, seen: Seen) -> Answer:
        """Does what the Graph API does."""
        parts = [part for part in seen.path.split("/") if part]
        token = seen.headers.get("authorization", "").removeprefix("Bearer ")
        if parts[:1] == ["cdn"]:
            return self._download(parts[-1], needs="")
        if parts[:1] == ["files"]:
            return self._download(parts[-1], needs=token or "-")
        if len(parts) < 2 or parts[0] != "v25.0":
            return error(404, 2500, "Unknown path components")
        if token in self.revoked or not token.startswith(("EAA", "IG", f"{APP}|")):
            return error(401, 190, f"Malformed access token {token}", kind="OAuthException")
        if token.startswith(f"{APP}|") and token != f"{APP}|{self.app_secret}":
            return error(400, 190, "Error validating application", kind="OAuthException")
        proof = seen.query.get("appsecret_proof")
        if proof is not None:
            right = hmac.new(self.app_secret.encode(), token.encode(), hashlib.sha256).hexdigest()
            if proof != right:
                return error(400, 100, "Invalid appsecret_proof provided in the API argument")
        if parts[1] in ("app", "debug_token") or parts[2:] == ["subscriptions"]:
            return self._app(seen, parts, token)
        if parts[1] in (NUMBER, BUSINESS) or seen.query.get("phone_number_id"):
            return self.whatsapp(seen, parts[1:])
        return self.instagram(seen, parts[1:], token)

    def _app(self, seen: Seen, parts: list[str], token: str) -> Answer:
        if parts[1] == "app":
            return ok({"id": APP, "name": "Salon app"})
        if not token.startswith(f"{APP}|"):
            return error(400, 15, "This method must be called with an app access_token")
        if parts[1] == "debug_token":
            scopes = [{"scope": "whatsapp_business_management", "target_ids": self.granted}]
            return ok({"data": {"app_id": APP, "is_valid": True, "granular_scopes": scopes}})
        told = seen.params()
        if seen.method == "GET":
            rows = [
                {
                    "object": kind,
                    "callback_url": hook["callback_url"],
                    "active": True,
                    "fields": [{"name": name, "version": "v25.0"} for name in hook["fields"]],
                }
                for kind, hook in self.app_hooks.items()
            ]
            return ok({"data": rows})
        refusal = self.hook_refusal(told.get("callback_url"), told.get("verify_token"))
        if refusal:
            return refusal
        self.app_hooks[told["object"]] = {
            "callback_url": told["callback_url"],
            "fields": told["fields"].split(","),
        }
        return ok({"success": True})

    def _download(self, number: str, *, needs: str) -> Answer:
        if needs and not needs.startswith(("EAA", "IG")):
            return Answer(401, b"")
        content, mime = self.files.get(number, (b"", ""))
        return Answer(200, content, {"Content-Type": mime}) if mime else Answer(404, b"")

    # From another process -------------------------------------------------------------------------------------

    def _control(self, seen: Seen) -> Answer:
        seen.executed = False
        self.ledger.remove(seen)
        what, told = seen.path.removeprefix("/_fake/"), seen.params()
        if what == "ledger":
            rows = [
                {"at": s.at, "name": s.name, "params": s.params(), "status": s.status, "fault": s.fault}
                for s in self.ledger[int(told.get("since") or 0) :]
            ]
            return Answer(200, {"total": len(self.ledger), "rows": rows})
        if what == "latency":
            self.latency = float(told.get("seconds") or 0)
        elif what == "script":
            self._script(told)
        elif what == "say":
            make = self.instagram_person if told.get("kind") == "instagram" else self.whatsapp_person
            person = make(str(told["from"]), hook=str(told["hook"]))
            threading.Thread(target=person.say, args=(str(told.get("text") or "Hello"),), daemon=True).start()
        elif what == "calm":
            self.rules.clear()
        else:
            return Answer(404, {})
        return ok({"success": True})

    def _script(self, told: dict[str, Any]) -> None:
        name, times = str(told.get("name") or "messages"), told.get("times")
        if told.get("fault"):
            self.when(name, fault=told["fault"], times=times)
        elif told.get("code"):
            answer = error(int(told.get("status") or 400), int(told["code"]), "refused by script")
            self.when(name, answer, times=times)
        else:
            self.when(name, Answer(int(told.get("status") or 502), "<html>gateway</html>"), times=times)


def main() -> None:
    """Runs the server until it is interrupted."""
    parser = argparse.ArgumentParser(description="A fake Graph API")
    parser.add_argument("--port", type=int, default=8084)
    parser.add_argument("--latency", type=float, default=0.0, help="seconds")
    options = parser.parse_args()
    server = FakeMeta(port=options.port, latency=options.latency).start()
    sys.stdout.write(json.dumps({"url": server.url}) + "\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        server.stop()


if __name__ == "__main__":
    main()
