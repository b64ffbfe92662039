"""Tables of leads, as programs export them."""

import csv
import io
import time
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.forms import csvdrop
from tests.integrations.cases import assert_sound

TABLE = (
    "Имя;Телефон;Услуга;Дата\nАнна;8 (905) 123-45-67;Маникюр, педикюр;23.11.2026 10:00\nОлег;+79051234568;;\n"
)


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "windows-1251", "utf-16", "utf-16-le", "utf-16-be"]
)
@pytest.mark.parametrize("separator", [";", ",", "\t"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_each_encoding_and_each_separator(encoding, separator, newline):
    written = io.StringIO()
    rows = list(csv.reader(io.StringIO(TABLE), delimiter=";"))
    csv.writer(written, delimiter=separator, lineterminator=newline).writerows(rows)
    drop = csvdrop.read(written.getvalue().encode(encoding))
    assert drop.errors == ()
    anna, oleg = drop.leads
    assert (anna.name, anna.phone, anna.answers) == (
        "Анна",
        "+79051234567",
        (("Услуга", "Маникюр, педикюр"),),
    )
    assert anna.submitted_at == datetime(2026, 11, 23, 10, 0, tzinfo=UTC)
    assert (oleg.name, oleg.phone, oleg.submitted_at) == ("Олег", "+79051234568", None)
    assert drop.columns == ("Имя", "Телефон", "Услуга", "Дата")
    assert {lead.provider for lead in drop.leads} == {"csv"}


def leads(text, **more):
    return csvdrop.read(text.encode(), **more).leads


def errors_of(text):
    return csvdrop.read(text.encode()).errors


def test_columns_of_an_ad_systems_export():
    text = (
        "id,created_at,first_name,phone,email,utm_source,utm_campaign,form_name,Какая услуга?\n"
        "2523,2026-11-23 12:00:00,Анна,+79051234567,Anna@Example.com,vk,nov,Запись,Брови\n"
    )
    (one,) = leads(text, zone=timezone(timedelta(hours=3)))
    assert one.submitted_at == datetime(2026, 11, 23, 9, 0, tzinfo=UTC)
    assert (one.email, one.form_name, one.touch.source, one.touch.campaign) == (
        "Anna@example.com",
        "Запись",
        "vk",
        "nov",
    )
    assert one.answers == (("Какая услуга?", "Брови"),)


def test_the_same_file_brings_the_same_ids_and_a_repeated_line_counts_once():
    first, second = csvdrop.read(TABLE.encode()), csvdrop.read(TABLE.encode("utf-16"))
    assert [lead.external_id for lead in first.leads] == [lead.external_id for lead in second.leads]
    doubled = csvdrop.read((TABLE + "Олег;+79051234568;;\n").encode())
    assert (len(doubled.leads), doubled.repeated) == (2, 1)


def test_an_id_of_the_file_outlives_a_changed_line():
    one, changed = (
        leads("id;Телефон;Статус\n7;89051234567;новый\n"),
        leads("id;Телефон;Статус\n7;89051234567;в работе\n"),
    )
    assert one[0].external_id == changed[0].external_id
    other = leads("id;Телефон\n7;89051234568\n")
    assert other[0].external_id != one[0].external_id


def test_a_table_without_names_of_columns():
    anna, oleg = leads("Анна;89051234567;хочет на брови\nОлег;89051234568;\n")
    assert (anna.phone, oleg.phone) == ("+79051234567", "+79051234568")
    assert ("column 1", "Анна") in anna.answers


def test_lines_that_are_no_leads_are_told_with_their_numbers():
    text = "Имя;Телефон\nАнна;89051234567\n\n;\n;  \n;;пусто?\nОлег;89051234568\n"
    drop = csvdrop.read(text.encode())
    assert [lead.name for lead in drop.leads] == ["Анна", "Олег"]
    (wrong,) = drop.errors
    assert (wrong.line, wrong.text) == (6, "пусто?")
    assert str(wrong.reason)


def test_a_phone_that_a_spreadsheet_rounded_is_no_phone():
    (wrong,) = errors_of("Имя;Телефон\nАнна;7,90512E+10\n")
    assert wrong.line == 2
    assert "7,90512E+10" in wrong.text


@pytest.mark.parametrize(
    "cell", ['"=""89051234567"""', "'89051234567", "79051234567", "+7 905 123 45 67", '" 8-905-123-45-67 "']
)
def test_phones_as_spreadsheets_keep_them(cell):
    (one,) = leads(f"Имя;Телефон\nАнна;{cell}\n")
    assert one.phone == "+79051234567"


def test_quoted_cells_with_line_ends_and_separators():
    text = 'Имя,Телефон,Комментарий\n"Анна, администратор",89051234567,"Первая\nвторая; третья"\nОлег,89051234568,\n'
    anna, oleg = leads(text)
    assert (anna.name, anna.message) == ("Анна, администратор", "Первая\nвторая; третья")
    assert oleg.name == "Олег"


def test_a_spreadsheets_own_hint_and_doubled_names():
    (one,) = leads("sep=;\nИмя;Телефон;Телефон\nАнна;89051234567;89051234569\n")
    assert one.phone == "+79051234567"
    assert one.answers == (("Телефон 2", "89051234569"),)


@pytest.mark.parametrize(
    ("cell", "at"),
    [
        ("2026-11-23T10:00:00+03:00", datetime(2026, 11, 23, 7, 0, tzinfo=UTC)),
        ("2026-11-23 10:00:00", datetime(2026, 11, 23, 10, 0, tzinfo=UTC)),
        ("23.11.2026", datetime(2026, 11, 23, tzinfo=UTC)),
        ("23/11/2026 10:00", datetime(2026, 11, 23, 10, 0, tzinfo=UTC)),
        ("вчера", None),
    ],
)
def test_dates_as_tables_write_them(cell, at):
    (one,) = leads(f"Дата;Телефон\n{cell};89051234567\n")
    assert one.submitted_at == at
    # What is no date is not lost either.
    assert (("Дата", cell) in one.answers) == (at is None)


@pytest.mark.parametrize(
    "data", [b"", b" \r\n", b"\xef\xbb\xbf", b"\xff\xfe", b";;", "Имя;Телефон\n".encode()]
)
def test_an_empty_file_is_told(data):
    drop = csvdrop.read(data)
    assert drop.leads == ()
    assert len(drop.errors) == 1


def test_a_long_file_is_read_as_far_as_it_may_be_and_quickly(monkeypatch):
    text = "Имя;Телефон\n" + "".join(f"Анна {n};8905{n:07d}\n" for n in range(3000))
    started = time.perf_counter()
    assert len(leads(text)) == 3000
    assert time.perf_counter() - started < 5
    monkeypatch.setattr(csvdrop, "MOST_ROWS", 10)
    drop = csvdrop.read(text.encode())
    assert (len(drop.leads), len(drop.errors)) == (10, 1)


@given(
    st.binary(max_size=400) | st.text(alphabet='Имя;,\t"\n\r\x00=+7905123456e', max_size=200).map(str.encode)
)
def test_any_bytes_end_in_leads_or_in_errors(data):
    drop = csvdrop.read(data)
    for lead in drop.leads:
        assert_sound(lead)
    assert drop.leads or drop.errors
