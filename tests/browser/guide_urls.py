"""The house's URLs, the style guide, which only the demo has, and a live line that the tests speak into."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Iterator

from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import render
from django.urls import path
from django.utils import timezone

from config.urls import urlpatterns as house
from kit import guide
from tenants.middleware import without_tenant


class Line:
    """Server-sent events by hand: who listens, what is said, and cutting it off."""

    def __init__(self) -> None:
        self.open_now: dict[int, queue.Queue[str | None]] = {}
        self._lock = threading.Lock()

    def events(self) -> Iterator[bytes]:
        """One listener's stream; a silent one is written to often, so that its end is noticed."""
        said: queue.Queue[str | None] = queue.Queue()
        with self._lock:
            self.open_now[id(said)] = said
        try:
            while True:
                try:
                    event = said.get(timeout=0.1)
                except queue.Empty:
                    yield b": still here\n\n"
                    continue
                if event is None:
                    return
                yield event.encode()
        finally:
            self.open_now.pop(id(said), None)

    def say(self, name: str, data: str) -> None:
        """An event for every listener."""
        for said in list(self.open_now.values()):
            said.put(f"event: {name}\ndata: {data}\n\n")

    def cut(self) -> None:
        """Ends every stream, as a restart does."""
        for said in list(self.open_now.values()):
            said.put(None)

    def wait_for(self, listeners: int) -> None:
        """Returns when exactly so many listen, and still do a moment later."""
        end = time.monotonic() + 15
        while time.monotonic() < end:
            if len(self.open_now) == listeners:
                time.sleep(0.5)
                if len(self.open_now) == listeners:
                    return
            time.sleep(0.05)
        raise AssertionError(f"{len(self.open_now)} listen instead of {listeners}")


line = Line()


@without_tenant
def stream(_request: HttpRequest) -> StreamingHttpResponse:
    """The line."""
    return StreamingHttpResponse(line.events(), content_type="text/event-stream")


def line_page(request: HttpRequest) -> HttpResponse:
    """The guide with a live line."""
    shown = {"guide": guide.sample(timezone.now()) | {"url": request.path}, "live_url": "/line/"}
    return render(request, "ui/guide.html", shown)


urlpatterns = [
    path("ui/", guide.guide, name="guide"),
    path("line/", stream),
    path("line-page/", line_page),
    *house,
]
