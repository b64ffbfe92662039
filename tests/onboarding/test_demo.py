"""The demo: believable history, a clock that moves there and nowhere else."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from bookings.models import Booking
from connections import accounts
from connections.models import Connection, Upkeep
from conversations import outbox
from conversations.models import Call, Conversation, Delivery, MediaFile, Message
from economics.models import Spend
from inbox import today
from kit import filetypes, storage
from leads import links
from leads.models import Lead, Task
from onboarding.demo import showcase
from onboarding.demo import tenant as demo
from reminders.models import Reminder
from tenants import clock, lookup, wall
from tenants.models import Role, Tenant, User
from tests.conftest import Person, Salon
from work import sweep


def load(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    call_command("demo", "load", "demo")
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


def test_every_page_has_something_to_show_and_a_second_load_keeps_it(
    db: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    told = load(capsys)
    tenant_id = lookup.tenant_by_slug("demo")
    assert tenant_id is not None
    with wall.tenant_tx(tenant_id):
        now = clock.now()
        assert Lead.objects.count() > 500
        assert Booking.objects.filter(status="completed").count() > 500
        assert Booking.objects.filter(status="no_show").count() > 20
        assert Booking.objects.filter(starts_at__gt=now, status="confirmed").count() > 5
        assert Reminder.objects.filter(state="waiting").exists()
        assert Spend.objects.count() >= 8
        assert not Reminder.objects.filter(
            booking__created_at__lt=now, state__in=["pending", "done"]
        ).exists()
        for row in links.counted(links.in_use()):
            assert row.clicks > row.leads > row.won > 0
        before = Booking.objects.count()
        clock.move(clock.dt.timedelta(hours=3))
        assert clock.now() - now > clock.dt.timedelta(hours=2)
    again = load(capsys)
    assert (told["fresh"], again["fresh"]) == (True, False)
    with wall.tenant_tx(tenant_id):
        assert Booking.objects.count() == before
    owner = Person(User.objects.get(email=told["logins"][0]["email"]), None)
    assert owner.get("/demo/").status_code == 200


@pytest.fixture
def shown(salon: Salon) -> Salon:
    """A salon with the demo's other channels, without the three months of history."""
    with wall.tenant_tx(salon.tenant.pk):
        showcase.show(salon.tenant, chat=accounts.create("webchat", settings={}), now=clock.now())
    return salon


def test_every_kind_of_channel_has_a_believable_thread(shown: Salon) -> None:
    with wall.tenant_tx(shown.tenant.pk):
        messages = Message.objects.all()
        kinds = set(messages.values_list("conversation__connection__kind", flat=True))
        assert kinds == {
            *("whatsapp", "vk", "avito", "instagram", "email", "max", "sms", "telephony", "telegram")
        }
        states = set(messages.values_list("state", flat=True))
        assert states == {"read", "delivered", "failed", "sent", "received"}
        # An answer in private names the comment it answers; a listing's card stands in the first bubble.
        answer = messages.exclude(reply_to="").get()
        assert messages.get(external_id=answer.reply_to).kind == "comment"
        (card,) = messages.get(media__contains=[{"kind": "ad"}]).media
        assert card["price"]
        letters = messages.filter(conversation__connection__kind="email")
        assert all(letters.values_list("subject", flat=True))
        assert sorted(MediaFile.objects.values_list("kind", flat=True)) == ["image", "image", "voice"]
        for file in MediaFile.objects.all():
            assert filetypes.look(storage.read(file.key)[: filetypes.HEAD]).mime == file.mime
        assert set(Call.objects.values_list("state", flat=True)) == {"missed", "ended"}
        assert Task.objects.filter(reason="missed_call", done_at=None).count() == 1
        private = Conversation.objects.get(is_private=True)
        assert not Lead.objects.filter(contact=private.contact).exists()
        day = today.of(shown.owner, Role.OWNER, now=clock.now(), zone=shown.tenant.zone)
        assert [account.kind for account in day.broken] == ["vk"]
        assert (day.merges, len(day.waiting)) == (1, 5)


def test_nothing_is_ever_sent_or_asked_for_what_is_only_shown(shown: Salon) -> None:
    with wall.tenant_tx(shown.tenant.pk):
        ours = Connection.objects.exclude(state="ok")
        assert ours.count() == 9
        assert not Upkeep.objects.filter(connection__in=ours).exists()
        assert not Delivery.objects.filter(connection__in=ours).exists()
        # A colleague tries: history refuses, and what failed waits for an account that is in order.
        history = Conversation.objects.get(connection__kind="avito")
        with pytest.raises(outbox.CannotWrite):
            outbox.reply(history, text="Yes", by=None, key="k1", now=clock.now())
        outbox.send_again(Message.objects.get(state="failed"), now=clock.now())
        broken = Conversation.objects.get(connection__state="broken")
        outbox.reply(broken, text="Yes", by=None, key="k2", now=clock.now())
    sweep.drain()
    with wall.tenant_tx(shown.tenant.pk):
        tried = Delivery.objects.filter(connection__in=ours)
        assert [(row.state, row.called_at) for row in tried] == [("pending", None)] * 2
        assert not Upkeep.objects.filter(connection__in=ours).exists()


def test_a_cleared_demo_leaves_no_files(shown: Salon) -> None:
    with wall.tenant_tx(shown.tenant.pk):
        Tenant.objects.filter(pk=shown.tenant.pk).update(is_demo=True)
        key = MediaFile.objects.values_list("key", flat=True)[0]
    assert storage.read(key)
    demo.clear(shown.tenant.pk)
    with pytest.raises(storage.Missing):
        storage.read(key)


def test_a_real_tenant_has_no_demo_page_and_is_never_cleared(olga: Person, salon: Salon) -> None:
    assert olga.get("/demo/").status_code == 404
    assert olga.post("/demo/clock/", {"hours": "3"}).status_code == 404
    with pytest.raises(CommandError):
        call_command("demo", "clear", salon.tenant.slug)
