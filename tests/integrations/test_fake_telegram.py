"""The fake itself: what tests, demo and bench lean on."""

import asyncio
import json
import subprocess
import sys
import threading
import time
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from fakes.telegram import FakeTelegram


class Hook(BaseHTTPRequestHandler):
    """A webhook that remembers what it got."""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers), json.loads(body)))
        self.send_response(200)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *args):
        pass


@pytest.fixture
def hook():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Hook)
    server.got = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def test_people_write_press_share_block(hook):
    with FakeTelegram() as telegram:
        anna = telegram.person(5, "Анна", hook=f"http://127.0.0.1:{hook.server_port}/", secret="s")
        answers = [
            anna.say("Привет"),
            anna.start("vk_a"),
            anna.share_contact("+7913"),
            anna.press({"message_id": 9}, "x"),
        ]
        answers += [anna.send_photo("c", "g"), anna.edit(1, "b"), anna.block(), anna.unblock()]
        assert answers == [200] * 8
    kinds = [next(k for k in body if k != "update_id") for _, body in hook.got]
    assert kinds == ["message"] * 3 + ["callback_query", "message", "edited_message"] + ["my_chat_member"] * 2
    numbers = [body["update_id"] for _, body in hook.got]
    assert numbers == sorted(set(numbers))
    assert all(headers["X-Telegram-Bot-Api-Secret-Token"] == "s" for headers, _ in hook.got)
    assert hook.got[1][1]["message"]["text"] == "/start vk_a"
    assert hook.got[2][1]["message"]["contact"]["user_id"] == 5


def test_a_burst_of_connections_is_answered():
    async def one(port, number):
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        body = json.dumps({"chat_id": number, "text": "a"}).encode()
        head = f"POST /bot7:AAA/sendMessage HTTP/1.1\r\nContent-Length: {len(body)}\r\n".encode()
        writer.write(head + b"Content-Type: application/json\r\nConnection: close\r\n\r\n" + body)
        answer = await reader.read()
        writer.close()
        return answer.startswith(b"HTTP/1.1 200")

    async def burst(port):
        return await asyncio.gather(*(one(port, number) for number in range(1, 501)))

    with FakeTelegram(latency=0.05) as telegram:
        assert all(asyncio.run(burst(telegram.port)))
        assert len(telegram.calls("sendMessage")) == 500
        assert [len(telegram.sent_to(number)) for number in range(1, 501)] == [1] * 500


def test_it_runs_alone_and_is_steered_from_another_process(hook):
    process = subprocess.Popen(
        [sys.executable, "-m", "fakes.telegram", "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    try:
        url = json.loads(process.stdout.readline())["url"]

        def call(path, **body):
            data = json.dumps(body).encode()
            request = urllib.request.Request(url + path, data, {"Content-Type": "application/json"})
            try:
                with urllib.request.urlopen(request, timeout=5) as answer:
                    return answer.status, json.loads(answer.read())
            except urllib.error.HTTPError as refused:
                return refused.code, json.loads(refused.read())

        assert call("/bot7:AAA/sendMessage", chat_id=5, text="a")[1]["result"]["message_id"] == 1001
        call("/_fake/script", status=429, retry_after=7, times=1)
        status, body = call("/bot7:AAA/sendMessage", chat_id=5, text="a")
        assert (status, body["parameters"]["retry_after"]) == (429, 7)
        assert call("/bot7:AAA/sendMessage", chat_id=5, text="a")[0] == 200
        assert call("/_fake/ledger")[1]["total"] == 3
        call("/_fake/say", hook=f"http://127.0.0.1:{hook.server_port}/", chat=5, text="Привет", secret="s")
        deadline = time.monotonic() + 5
        while not hook.got and time.monotonic() < deadline:
            time.sleep(0.02)
        assert hook.got[0][1]["message"]["text"] == "Привет"
    finally:
        process.terminate()
        process.wait(5)
