"""What a WhatsApp message is: its kind, words, files, place, card, pressed button."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence

from django.utils.translation import gettext as _

from integrations.meta import values
from integrations.meta.values import Json
from integrations.meta.whatsapp import people
from integrations.protocols.channel import ContactCard, Location, Media, MessageKind
from kit import phones, safejson
from kit.text import storable

_MOST_CARDS = 20
_MOST_ANSWERS = 50


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """The part of a message that all its forms (new, edited, echoed) share."""

    kind: MessageKind = "other"
    text: str = ""
    media: tuple[Media, ...] = ()
    location: Location | None = None
    contact: ContactCard | None = None
    button: str | None = None
    note: str = ""


def read(part: Json, sender: Sequence[str] = ()) -> Content:
    """The content of a message; what is not known keeps a note for the reader, for somebody did write."""
    kind = values.text(part, "type", 64)
    reader = _READERS.get(kind)
    found = reader(part, sender) if reader else None
    if found is None:
        return Content(
            note=_("A message of a kind that is not shown here (%s): see the phone.") % (kind or "?")
        )
    if found.media and values.items(part, "errors"):
        # Meta could not fetch the file from the client's phone, so nobody ever will.
        return dataclasses.replace(
            found, media=(), note=_("The file did not arrive. Ask the client to send it again.")
        )
    return found


def _text(part: Json, sender: Sequence[str]) -> Content:
    return Content(kind="text", text=values.text(values.child(part, "text"), "body"))


def _file(kind: MessageKind, key: str) -> Callable[[Json, Sequence[str]], Content | None]:
    def reader(part: Json, sender: Sequence[str]) -> Content | None:
        return _media(kind, values.child(part, key))

    return reader


def _media(kind: MessageKind, file: Json) -> Content | None:
    ref, url = values.ident(file, "id")[:200], values.text(file, "url", 2000)
    if not ref and not url:
        return None
    media = Media(
        kind=kind,
        ref=ref,
        url=url,
        mime=values.text(file, "mime_type", 255),
        name=values.text(file, "filename", 255),
        size=values.number(file.get("file_size")),
    )
    return Content(kind=kind, text=values.text(file, "caption"), media=(media,))


def _audio(part: Json, sender: Sequence[str]) -> Content | None:
    audio = values.child(part, "audio")
    return _media("voice" if audio.get("voice") is True else "audio", audio)


def _location(part: Json, sender: Sequence[str]) -> Content | None:
    place = values.child(part, "location")
    latitude = values.degrees(place.get("latitude"), 90)
    longitude = values.degrees(place.get("longitude"), 180)
    if latitude is None or longitude is None:
        return None
    return Content(
        kind="location",
        location=Location(
            latitude=latitude,
            longitude=longitude,
            title=values.text(place, "name", 255),
            address=values.text(place, "address", 255),
        ),
    )


def _contacts(part: Json, sender: Sequence[str]) -> Content | None:
    """The first card is the message's; others are told in the note."""
    cards = [_card(part, card, sender) for card in values.items(part, "contacts")[:_MOST_CARDS]]
    if not cards:
        return None
    rest = [f"{card.name} {card.phone or card.phone_typed}".strip() for card in cards[1:]]
    return Content(kind="contact", contact=cards[0], note=", ".join(rest))


def _card(part: Json, card: Json, sender: Sequence[str]) -> ContactCard:
    name = values.child(card, "name")
    numbers = values.items(card, "phones")
    number: Json = numbers[0] if numbers else {}
    typed, wa_id = values.text(number, "phone", 64), values.ident(number, "wa_id")
    phone = phones.normalise(typed if typed.startswith("+") else f"+{typed}") or phones.normalise(typed)
    if phone is None and people.PHONE.match(wa_id):
        phone = people.e164(wa_id)
    # An answer to "share your phone" carries this mark; a card with the sender's own number proves itself.
    asked = "contact_request" in (values.text(part, "origin").lower(), values.text(card, "origin").lower())
    alone = len(values.items(part, "contacts")) == 1
    return ContactCard(
        name=" ".join((values.text(name, "formatted_name") or values.text(name, "first_name"))[:255].split()),
        phone=phone,
        phone_typed=typed or wa_id[:64],
        own=asked or (alone and bool(wa_id) and wa_id in sender),
    )


def _interactive(part: Json, sender: Sequence[str]) -> Content | None:
    answer = values.child(part, "interactive")
    for key in ("button_reply", "list_reply"):
        reply = values.child(answer, key)
        if reply:
            return Content(
                kind="text", text=values.text(reply, "title"), button=values.text(reply, "id", 256)
            )
    form = values.child(answer, "nfm_reply")
    return Content(kind="text", text=_answers(form)) if form else None


def _button(part: Json, sender: Sequence[str]) -> Content | None:
    """A quick reply under a template: the same act as a button, in another shape."""
    button = values.child(part, "button")
    if not button:
        return None
    return Content(
        kind="text", text=values.text(button, "text"), button=values.text(button, "payload", 256) or None
    )


def _answers(form: Json) -> str:
    """The answers of a filled form as lines "question: answer"."""
    try:
        told = safejson.loads(values.text(form, "response_json"))
    except safejson.Malformed:
        told = None
    lines = [
        f"{key}: {value if isinstance(value, str | int | float) else safejson.dumps(value).decode()}"
        for key, value in (list(told.items())[:_MOST_ANSWERS] if isinstance(told, dict) else ())
        if key != "flow_token" and value not in (None, "")
    ]
    return storable("\n".join(lines))[: values.LONGEST_TEXT] or values.text(form, "body")


def _order(part: Json, sender: Sequence[str]) -> Content | None:
    order = values.child(part, "order")
    goods = [
        f"{values.ident(item, 'product_retailer_id')[:64]} × {values.ident(item, 'quantity')[:9] or 1}"
        for item in values.items(order, "product_items")[:_MOST_CARDS]
    ]
    if not goods:
        return None
    note = _("An order from the catalogue: %s") % ", ".join(goods)
    return Content(text=values.text(order, "text"), note=note)


def _unsupported(part: Json, sender: Sequence[str]) -> Content:
    return Content(note=_("A message that WhatsApp does not hand over: see it on the phone."))


_READERS: dict[str, Callable[[Json, Sequence[str]], Content | None]] = {
    "text": _text,
    "image": _file("image", "image"),
    "video": _file("video", "video"),
    "sticker": _file("sticker", "sticker"),
    "document": _file("document", "document"),
    "audio": _audio,
    "location": _location,
    "contacts": _contacts,
    "interactive": _interactive,
    "button": _button,
    "order": _order,
    "unsupported": _unsupported,
}
