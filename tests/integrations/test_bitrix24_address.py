"""The webhook's address: what people paste, what is shown, where a rename may lead."""

import pytest

from integrations import errors
from integrations.bitrix24 import address

PASTED = "https://salon.bitrix24.ru/rest/1/abcdefgh12345678/"


@pytest.mark.parametrize(
    "pasted",
    [
        PASTED,
        PASTED.rstrip("/"),
        f"  '{PASTED}profile.json' ",
        PASTED + "crm.item.add",
        PASTED.replace("https", "http"),  # the cloud has no other door, so the secret never goes in the clear
        PASTED.replace("salon", "SALON"),
        PASTED.replace("/rest/", "/rest/api/"),
    ],
)
def test_every_form_people_paste_is_one_address(pasted):
    assert address.parse(pasted).url == PASTED


def test_a_boxed_portal_may_live_in_a_folder_and_on_a_port():
    pasted = "https://crm.salon.ru:8443/office/rest/17/abcdefgh12345678/"
    assert address.parse(pasted).url == pasted


@pytest.mark.parametrize(
    "pasted",
    [
        "",
        "salon.bitrix24.ru",
        "https://salon.bitrix24.ru/",
        "https://salon.bitrix24.ru/rest/1/",
        "https://salon.bitrix24.ru/rest/olga/abcdefgh12345678/",
        "https://salon.bitrix24.ru@evil.example/rest/1/abcdefgh12345678/",
        "ftp://salon.bitrix24.ru/rest/1/abcdefgh12345678/",
        "https://[bad/rest/1/abcdefgh12345678/",
        "https://salon.bitrix24.ru:99999/rest/1/abcdefgh12345678/",
        "https://salon.bitrix24.ru/rest/1/abcdefgh12345678/a/b/",
    ],
)
def test_what_is_no_webhook_is_told(pasted):
    with pytest.raises(errors.Rejected) as refused:
        address.parse(pasted)
    assert refused.value.code == "address"


def test_the_secret_is_in_no_repr():
    assert "abcdefgh" not in repr(address.parse(PASTED))


@pytest.mark.parametrize(
    ("location", "netloc"),
    [
        ("https://new-name.bitrix24.ru/rest/1/abcdefgh12345678/batch", "new-name.bitrix24.ru"),
        ("https://new-name.bitrix24.com.br/rest/", "new-name.bitrix24.com.br"),
        ("http://new-name.bitrix24.ru/rest/", None),
        ("https://evil.example/rest/1/abcdefgh12345678/batch", None),
        ("https://bitrix24.ru.evil.example/rest/", None),
        ("https://evilbitrix24.ru/rest/", None),
        ("https://x@new-name.bitrix24.ru/rest/", None),
        ("https://salon.bitrix24.ru/auth/", None),
        ("/auth/", None),
        ("", None),
        ("https://[bad/", None),
    ],
)
def test_only_another_cloud_portal_is_believed(location, netloc):
    target = address.moved(address.parse(PASTED), location)
    assert (target and target.netloc) == netloc
    if target:
        assert target.url == PASTED.replace("salon.bitrix24.ru", netloc)
