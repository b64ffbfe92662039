"""A real Chromium for tests: finds it, opens desktop and phone pages, and checks what every page of ours promises.

    with page.browser() as chromium:
        inbox = page.visit(chromium, live_server.url + "/inbox/", phone=True, cookies=…)
        page.check(inbox)          # CSP, console, axe in both themes, sideways scroll, targets

`check` raises AssertionError with all that it found. Under the strict CSP `page.evaluate` works and
`wait_for_function` does not: wait by locators.
"""

from __future__ import annotations

import contextlib
import dataclasses
import os
import pathlib
import re
import shutil
from collections.abc import Iterator, Sequence
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, sync_playwright

# Playwright's synchronous API keeps an event loop in this thread; Django would refuse its ORM here otherwise.
os.environ.setdefault("DJANGO_ALLOW_ASYNC_UNSAFE", "true")

ROOT = pathlib.Path(__file__).resolve().parents[2]
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 390, "height": 844}
THEMES = ("light", "dark")
TARGET = 44  # the least side of what a thumb presses, CSS pixels
FLAGS = [
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-quic",
    "--no-first-run", "--disable-dev-shm-usage", "--autoplay-policy=no-user-gesture-required",
]  # fmt: skip
NAMES = ("chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "chrome")


def executable() -> str:
    """Chromium's path: the variable CHROMIUM, else the first one on PATH."""
    named = os.environ.get("CHROMIUM")
    if named:
        return named
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if not found:
        raise RuntimeError("No Chromium: set CHROMIUM to its path, or install one (apt install chromium)")
    return found


_TOO_WIDE = """() => {
  const width = document.documentElement.clientWidth;
  if (document.scrollingElement.scrollWidth <= width) return [];
  const right = (element) => Math.round(element.getBoundingClientRect().right);
  return [...document.querySelectorAll('body *')]
    .filter((element) => right(element) > width + 1 && !element.closest('.mz-hidden'))
    .slice(0, 5)
    .map((element) => `${element.tagName.toLowerCase()}.${element.className} to ${right(element)} of ${width}`);
}"""

_SMALL_TARGETS = """(least) => {
  const pressed = 'a[href], button, input:not([type=hidden]), select, textarea, summary';
  const sentence = 'p, dd, td, th, .mz-line, .mz-alert__text, .mz-help, .mz-msg__meta';
  const inSentence = (element) => element.matches('a, .mz-link')
    && (getComputedStyle(element).display === 'inline' || element.closest(sentence));
  // A place in the calendar is as high as the visit is long
  const apart = '.mz-hidden, .mz-skip, .mz-visit, .mz-day__free, [inert], [aria-hidden=true]';
  return [...document.querySelectorAll(pressed)]
    .filter((element) => !element.disabled && !element.closest(apart) && !inSentence(element))
    .map((element) => [element, (element.matches('input') && element.closest('label')) || element])
    .filter(([, box]) => box.checkVisibility({visibilityProperty: true}))
    .map(([element, box]) => [element, box.getBoundingClientRect()])
    .filter(([, box]) => box.width > 0 && Math.min(box.width, box.height) < least - 0.5)
    .map(([element, box]) => [
      element.tagName.toLowerCase(), element.className, (element.textContent || element.name || '').trim().slice(0, 30),
      Math.round(box.width), 'x', Math.round(box.height),
    ].join(' '));
}"""


@contextlib.contextmanager
def browser() -> Iterator[Browser]:
    """A running Chromium, closed at the end."""
    # The sandbox needs a plain user; root (a container's usual one) goes without.
    flags = [*FLAGS, "--no-sandbox"] if os.geteuid() == 0 else FLAGS
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=executable(), args=flags, chromium_sandbox=os.geteuid() != 0
        )
        try:
            yield chromium
        finally:
            chromium.close()


@dataclasses.dataclass
class Seen:
    """What a page said behind the reader's back."""

    errors: list[str] = dataclasses.field(default_factory=list)
    violations: list[str] = dataclasses.field(default_factory=list)


_seen: dict[BrowserContext, Seen] = {}


def context(
    chromium: Browser, *, phone: bool = False, theme: str = "light", language: str = "ru-RU", **options: Any
) -> BrowserContext:
    """A fresh browser profile that records console errors and CSP violations.

    `options` go to Playwright's `new_context` (`base_url`, `timezone_id`, `storage_state`, …).
    """
    size = PHONE if phone else DESKTOP
    made = chromium.new_context(
        viewport=size,  # type: ignore[arg-type]
        screen=size,  # type: ignore[arg-type]
        device_scale_factor=2 if phone else 1,
        has_touch=phone,
        is_mobile=phone,
        locale=language,
        color_scheme=theme,  # type: ignore[arg-type]
        reduced_motion="reduce",
        **{"timezone_id": "Asia/Omsk"} | options,
    )
    seen = _seen[made] = Seen()
    made.on("close", lambda closed: _seen.pop(closed, None))
    made.expose_binding("reportViolation", lambda _source, text: seen.violations.append(text))
    made.add_init_script(
        "addEventListener('securitypolicyviolation', (event) => reportViolation("
        "[event.violatedDirective, event.blockedURI, event.sample, event.sourceFile, event.lineNumber].join(' ')))"
    )

    def note(message: ConsoleMessage) -> None:
        if message.type == "error":
            seen.errors.append(f"{message.text} ({message.location.get('url', '')})")

    made.on("console", note)
    made.on("weberror", lambda error: seen.errors.append(str(error.error)))
    made.set_default_timeout(10_000)
    return made


def visit(chromium: Browser, url: str, *, cookies: Sequence[Any] = (), **options: Any) -> Page:
    """A page of a fresh profile at `url`; `options` as for `context`, `cookies` as for Playwright's `add_cookies`."""
    profile = context(chromium, **options)
    if cookies:
        profile.add_cookies(list(cookies))
    opened = profile.new_page()
    opened.goto(url)
    return opened


def login_cookie(client: Any, url: str) -> dict[str, str]:
    """The session of a Django test client (`client.force_login(olga)`) as a cookie for `visit`."""
    from django.conf import settings

    name = settings.SESSION_COOKIE_NAME
    return {"name": name, "value": client.cookies[name].value, "url": url}


# ---------------------------------------------------------------- what every page promises
def check(page: Page, *, allow: Sequence[str] = (), themes: Sequence[str] = THEMES) -> None:
    """No CSP violation, no console error, axe clean (WCAG 2.1 AA) in both themes, no sideways scroll, no small targets.

    `allow`: patterns of console errors that the test caused on purpose (a refused form is logged as "422").
    """
    found: list[str] = []
    for theme in themes:
        page.emulate_media(color_scheme=theme)  # type: ignore[arg-type]
        _settle(page)
        found += [f"axe, {theme}: {text}" for text in axe(page)]
    page.emulate_media(color_scheme="light")
    _settle(page)
    found += [f"sideways: {text}" for text in sideways(page)]
    if page.viewport_size and page.viewport_size["width"] <= PHONE["width"]:
        found += [f"small target: {text}" for text in small_targets(page)]
    # Last, for what the page says takes a moment to come here
    seen = _seen[page.context]
    found += [f"CSP: {text}" for text in seen.violations]
    found += [
        f"console: {text}" for text in seen.errors if not any(re.search(pattern, text) for pattern in allow)
    ]
    assert not found, f"{page.url}\n" + "\n".join(found)


def _settle(page: Page) -> None:
    """Two frames: styles of another theme are computed, and charts drawn, only with the next picture."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


def axe(page: Page) -> list[str]:
    """What axe finds against WCAG 2.1 A and AA: rule, place, reason."""
    if not page.evaluate("typeof window.axe === 'object'"):
        page.evaluate(_axe_source())
    result = page.evaluate(
        "() => axe.run(document, {runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa'], resultTypes: ['violations']})"
    )
    return [
        f"{rule['id']}: {node['target']} {node['failureSummary'].splitlines()[-1].strip()}"
        for rule in result["violations"]
        for node in rule["nodes"]
    ]


def _axe_source() -> str:
    places = (ROOT / "static_build/axe.js", ROOT / "node_modules/axe-core/axe.min.js")
    source = next((place for place in places if place.exists()), None)
    if source is None:
        raise RuntimeError("No axe: run `npm ci` and `node build.mjs`")
    # As a function body: what `evaluate` is given is run whole, and axe's own last value must not come back
    return f"() => {{ {source.read_text()} }}"


def sideways(page: Page) -> list[str]:
    """The elements that make the page wider than its window."""
    return page.evaluate(_TOO_WIDE)


def small_targets(page: Page) -> list[str]:
    """What a thumb would miss: controls under 44 px, but for links inside sentences."""
    return page.evaluate(_SMALL_TARGETS, TARGET)


def shot(page: Page, name: str, *, full: bool = False) -> pathlib.Path:
    """A picture into test-results/ (never committed), for a person to look at."""
    place = ROOT / "test-results" / f"{name}.png"
    place.parent.mkdir(exist_ok=True)
    page.screenshot(path=place, full_page=full)
    return place
