"""Answers that make sense at once or never, beside the transaction: a press is acknowledged, a bad code told of."""

from __future__ import annotations

import concurrent.futures
import functools
import logging
from collections.abc import Callable
from typing import Any

from django.db import transaction

from connections import accounts
from connections.models import Connection
from integrations import registry
from integrations.protocols.channel import StaffPressed
from integrations.protocols.group import Posting
from kit import http

log = logging.getLogger(__name__)

_pool = concurrent.futures.ThreadPoolExecutor(max_workers=4, thread_name_prefix="group-courtesy")


def acknowledge(connection: Connection, pressed: StaffPressed, text: str) -> None:
    """The presser reads a word, once the present transaction has committed."""
    wire, settings = registry.groups[connection.kind], accounts.settings_of(connection)
    _later(settings, lambda: wire.acknowledge(settings, pressed, text))


def say(connection: Connection, chat: str, text: str) -> None:
    """A word into a group that is not ours (yet), once the present transaction has committed."""
    wire, settings = registry.groups[connection.kind], accounts.settings_of(connection)
    _later(settings, lambda: wire.post(settings, Posting(chat=chat, text=text)))


def _later(settings: dict[str, str], call: Callable[[], http.Call[Any]]) -> None:
    transaction.on_commit(functools.partial(_pool.submit, _make, settings, call))


def _make(settings: dict[str, str], call: Callable[[], http.Call[Any]]) -> None:
    try:
        accounts.run(settings, call())
    except Exception as error:
        log.info("a courtesy to a group failed: %s", error)
