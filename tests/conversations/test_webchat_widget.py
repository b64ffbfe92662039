"""The line for any site: small, cached, its own for each chat, and safe whatever the business is called."""

from __future__ import annotations

import json

import pytest
from django.test import Client

from connections.models import Connection
from tests.conftest import Salon
from tests.conversations import visitor


@pytest.fixture
def path(salon: Salon) -> str:
    return f"/w/{visitor.token_of(visitor.connect(salon))}.js"


def test_it_is_a_small_script_that_may_be_kept(path: str) -> None:
    answer = Client().get(path)
    assert answer["Content-Type"] == "text/javascript; charset=utf-8"
    assert "max-age=300" in answer["Cache-Control"]
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert answer["Access-Control-Allow-Origin"] == "*"
    assert len(answer.content) < 10_000
    assert not answer.cookies


def test_an_unchanged_script_is_not_sent_again(path: str) -> None:
    etag = Client().get(path)["ETag"]
    assert Client().get(path, headers={"If-None-Match": etag}).status_code == 304
    assert Client().get(path, headers={"If-None-Match": '"other"'}).status_code == 200


def test_it_says_where_the_chat_is_in_every_language(path: str, salon: Salon) -> None:
    script = Client().get(path).content.decode()
    assert script.isascii()
    told = json.loads(script.rsplit("})(", 1)[1].rstrip().removesuffix(");"))
    assert told["base"].endswith(path.removesuffix(".js") + "/")
    assert told["name"] == salon.tenant.name
    assert set(told["words"]) == {"ru", "en"}
    assert told["words"]["en"]["open"] == "Write to us"


def test_a_name_breaks_out_of_nothing(path: str, salon: Salon) -> None:
    with salon.work():
        salon.tenant.name = '</script><script>alert(1)</script>"});alert(2);({"\u2028'
        salon.tenant.save()
    script = Client().get(path).content.decode()
    assert "</script>" not in script
    assert "\u2028" not in script
    told = json.loads(script.rsplit("})(", 1)[1].rstrip().removesuffix(");"))
    assert told["name"] == salon.tenant.name


def test_a_chat_switched_off_has_no_script(path: str, salon: Salon) -> None:
    with salon.work():
        Connection.objects.update(state="off")
    assert Client().get(path).status_code == 404
    assert Client().post(path).status_code == 405
