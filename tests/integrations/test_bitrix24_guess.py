"""Matching our steps and sources with what portals really have."""

from integrations.bitrix24 import guess
from integrations.protocols import crm

S = crm.Step
OPEN, WON, LOST = crm.Meaning


def capabilities(*pipelines, sources=(), lead_stages=(), leads=crm.LeadMode.CLASSIC):
    return crm.Capabilities(
        account="salon.bitrix24.ru",
        user=crm.Person("1", "Ольга", admin=True),
        leads=leads,
        pipelines=pipelines,
        lead_stages=tuple(crm.Stage(*stage) for stage in lead_stages),
        sources=tuple(crm.Source(*source) for source in sources),
        utc_offset=10800,
    )


def pipeline(id, *stages, default=False):
    return crm.Pipeline(id, id, default, tuple(crm.Stage(*stage) for stage in stages))


FACTORY = pipeline(
    "0",
    ("NEW", "Новая", OPEN),
    ("PREPARATION", "Подготовка документов", OPEN),
    ("PREPAYMENT_INVOICE", "Счёт на предоплату", OPEN),
    ("EXECUTING", "В работе", OPEN),
    ("FINAL_INVOICE", "Финальный счёт", OPEN),
    ("WON", "Сделка успешна", WON),
    ("LOSE", "Сделка провалена", LOST),
    ("APOLOGY", "Анализ причины провала", LOST),
    default=True,
)
SALON = pipeline(
    "12",
    ("C12:NEW", "Новое обращение", OPEN),
    ("C12:UC_A", "В диалоге", OPEN),
    ("C12:UC_B", "Записан", OPEN),
    ("C12:UC_C", "Подтвердил запись", OPEN),
    ("C12:WON", "Пришёл", WON),
    ("C12:LOSE", "Отказ", LOST),
    ("C12:UC_D", "Не пришёл", LOST),
    ("C12:UC_E", "Отменил запись", LOST),
)


def test_factory_pipeline():
    found = guess.matching(capabilities(FACTORY))
    assert found.pipeline == "0"
    assert found.stages == {
        S.NEW: "NEW",
        S.TALK: "PREPARATION",
        S.BOOKED: "EXECUTING",
        S.CONFIRMED: "EXECUTING",
        S.VISITED: "WON",
        S.NO_SHOW: "LOSE",
        S.CANCELLED: "LOSE",
        S.LOST: "LOSE",
    }
    assert found.weak == (S.TALK, S.BOOKED)
    assert found.responsible == "1"


def test_a_salons_own_pipeline_is_read_by_its_words_and_preferred():
    found = guess.matching(capabilities(FACTORY, SALON))
    assert found.pipeline == "12"
    assert found.stages == {
        S.NEW: "C12:NEW",
        S.TALK: "C12:UC_A",
        S.BOOKED: "C12:UC_B",
        S.CONFIRMED: "C12:UC_C",
        S.VISITED: "C12:WON",
        S.NO_SHOW: "C12:UC_D",
        S.CANCELLED: "C12:UC_E",
        S.LOST: "C12:LOSE",
    }
    assert found.weak == ()


def test_meaning_outweighs_words():
    odd = pipeline(
        "5",
        ("A", "Новая", OPEN),
        ("B", "Запись отменена", OPEN),
        ("W", "Готово", WON),
        ("L", "Записан", LOST),
    )
    found = guess.matching(capabilities(odd))
    assert found.stages[S.CANCELLED] == "L"
    assert found.stages[S.BOOKED] == "B"
    assert found.stages[S.VISITED] == "W"


def test_a_pipeline_of_three_still_gets_every_step_and_asks():
    short = pipeline("5", ("A", "Старт", OPEN), ("W", "Готово", WON), ("L", "Нет", LOST), default=True)
    found = guess.matching(capabilities(short))
    assert set(found.stages) == set(S)
    assert {found.stages[step] for step in (S.NEW, S.TALK, S.BOOKED, S.CONFIRMED)} == {"A"}
    assert found.weak == (S.TALK, S.BOOKED)


def test_steps_never_go_backwards():
    mixed = pipeline(
        "5",
        ("A", "Записан", OPEN),
        ("B", "Новая", OPEN),
        ("C", "Подтверждён", OPEN),
        ("W", "Ок", WON),
        ("L", "Нет", LOST),
    )
    order = [stage.id for stage in mixed.stages]
    found = guess.matching(capabilities(mixed)).stages
    places = [order.index(found[step]) for step in (S.NEW, S.TALK, S.BOOKED, S.CONFIRMED)]
    assert places == sorted(places)


def test_sources_ours_first_then_by_name_then_by_kind_then_other():
    sources = [
        ("CALL", "Звонок"),
        ("WEB", "Веб-сайт"),
        ("UC_1", "Написали в ВК"),
        ("MZ_TELEGRAM", "Бот"),
        ("OTHER", "Другое"),
    ]
    found = guess.matching(capabilities(FACTORY, sources=sources)).sources
    assert found["telegram"] == "MZ_TELEGRAM"
    assert found["vk"] == "UC_1"
    assert found["telephony"] == "CALL"
    assert found["webchat"] == "WEB"
    assert found["avito"] == "OTHER"


def test_nothing_found_is_nothing_guessed():
    found = guess.matching(capabilities())
    assert (found.pipeline, found.stages, found.sources) == ("", {}, {})


def test_leads_only_where_the_portal_keeps_them():
    stages = [("NEW", "Не обработан", OPEN), ("CONVERTED", "Качественный", WON), ("JUNK", "Мусор", LOST)]
    assert guess.matching(capabilities(FACTORY, lead_stages=stages)).lead_stages[S.VISITED] == "CONVERTED"
    simple = capabilities(FACTORY, lead_stages=stages, leads=crm.LeadMode.SIMPLE)
    assert guess.matching(simple).lead_stages == {}


def test_what_is_kept_comes_back():
    found = capabilities(FACTORY, SALON, sources=[("CALL", "Звонок")])
    assert crm.Capabilities.from_dict(found.to_dict()) == found
    matching = guess.matching(found)
    assert crm.Matching.from_dict(matching.to_dict()) == matching
