"""Where somebody came from, read from tags, click ids, cookies and codes."""

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.protocols import attribution
from tests.integrations.cases import assert_sound


def touch(url="", **parameters):
    return attribution.of_parameters(parameters, page_url=url)


def test_tags_of_the_page_and_of_the_form():
    page = "https://salon.example/?utm_source=Yandex&utm_medium=CPC&utm_campaign=Осень&utm_term=%D0%B0+%D0%B1"
    one = touch(page)
    assert (one.source, one.medium, one.campaign, one.term) == ("yandex", "cpc", "Осень", "а б")
    assert one.page_url == page
    one = touch(page, utm_source="vk")
    assert (one.source, one.medium, one.campaign) == ("vk", "", "")
    one = touch(page, yclid="5")
    assert (one.source, one.click_ids) == ("yandex", {"yclid": "5"})


@pytest.mark.parametrize("macro", ["{campaign_id}", "{{campaign.id}}", "%7Bcampaign_id%7D", "x{keyword}y"])
def test_unresolved_macros_are_empty(macro):
    assert touch(utm_source="yandex", utm_campaign=macro).campaign == ""


@pytest.mark.parametrize(
    ("parameter", "source", "medium"),
    [
        ("yclid", "yandex", "cpc"),
        ("rb_clickid", "vk", "cpc"),
        ("gclid", "google", "cpc"),
        ("ysclid", "yandex", "organic"),
        ("fbclid", "meta", ""),
    ],
)
def test_a_click_id_alone_names_the_source(parameter, source, medium):
    one = touch(f"https://salon.example/?{parameter}=12345678901234567890")
    assert (one.source, one.medium, one.click_ids) == (source, medium, {parameter: "12345678901234567890"})
    one = touch(f"https://salon.example/?{parameter}=1&utm_source=flyer&utm_medium=print")
    assert (one.source, one.medium) == ("flyer", "print")


def test_old_yandex_tags():
    tag = base64.b64encode(b"direct.yandex.ru;123;456;yandex.ru:premium").decode().rstrip("=")
    one = touch(f"https://salon.example/?_openstat={tag}")
    assert (one.source, one.campaign) == ("yandex", "123")
    assert touch("https://salon.example/?_openstat=%FF").source == ""


def test_only_cookies_of_counters_are_kept():
    cookies = attribution.cookies_of("_ym_uid=17; PHPSESSID=secret; sessionid=x;_ga=GA1.1.5; broken; =x")
    one = attribution.of_parameters({}, cookies=cookies)
    assert one.click_ids == {"_ga": "GA1.1.5", "_ym_uid": "17"}


def test_nothing_told_is_no_touch():
    assert touch() is None
    assert attribution.of_parameters({"utm_source": "", "utm_campaign": None}, page_url="not a url") is None


@pytest.mark.parametrize(
    "url", ["javascript:alert(1)", "data:text/html,x", "ftp://x", "//x", "x" * 10_000, 5, None]
)
def test_only_web_addresses_are_kept(url):
    assert attribution.address(url) == ""


@given(st.text(max_size=300), st.dictionaries(st.text(max_size=20), st.text(max_size=50), max_size=5))
def test_any_text_gives_a_sound_touch_or_none(text, parameters):
    for found in (
        attribution.of_parameters(
            parameters, page_url=text, referrer=text, cookies=attribution.cookies_of(text)
        ),
        attribution.of_parameters(
            {"_openstat": text, "utm_source": text}, page_url="https://a.example/?" + text
        ),
        attribution.of_parameters(attribution.utm_pairs(text, "|||")),
        attribution.of_code(text),
    ):
        if found is not None:
            for part in (found.source, found.medium, found.campaign, found.content, found.term):
                part.encode("utf-8")
                assert len(part) <= 255


def test_touches_are_sound_inside_facts():
    from integrations.protocols.channel import ChatOpened, Person

    opened = ChatOpened(
        external_id="1", chat="1", person=Person(external_id="1"), touch=touch(utm_source="\ud800\x00")
    )
    assert_sound(opened)
