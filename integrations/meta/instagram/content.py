"""What an Instagram message is: its kind, files, the story or post it speaks of, where it came from."""

from __future__ import annotations

import dataclasses

from django.utils.translation import gettext as _

from integrations.meta import values
from integrations.meta.values import Json
from integrations.protocols import attribution
from integrations.protocols.channel import Ad, Media, MessageKind, Touch
from integrations.protocols.values import web_address

_MOST_FILES = 30
# Types of attachment that are files; Instagram's voice messages are "audio".
_FILES: dict[str, tuple[MessageKind, str]] = {
    "image": ("image", "image"),
    "video": ("video", "video"),
    "audio": ("voice", "voice"),
    "file": ("document", "document"),
    "animated_image": ("animation", "image"),
    "like_heart": ("sticker", "image"),
    "sticker": ("sticker", "image"),
}
# Somebody's post; the address is its picture or film on Instagram's servers, alive for a day or so.
_POSTS = {
    "share": "image",
    "ig_post": "image",
    "post": "image",
    "ig_reel": "video",
    "reel": "video",
    "ig_story": "image",
    "story_share": "image",
}


@dataclasses.dataclass(frozen=True, slots=True, kw_only=True)
class Content:
    """What a message holds beside its text."""

    kind: MessageKind = "text"
    media: tuple[Media, ...] = ()
    note: str = ""


def read(message: Json) -> Content:
    """The content of a `message`. Addresses of files need no token and die within a day: they are fetched at once."""
    if message.get("is_unsupported") is True:
        return Content(
            kind="other", note=_("A message that Instagram does not hand over: see it in the app.")
        )
    story = values.child(values.child(message, "reply_to"), "story")
    if story:
        return Content(kind="story", media=_file(story, "image"), note=_("An answer to your story."))
    kinds: list[MessageKind] = []
    media: list[Media] = []
    notes: list[str] = []
    for attachment in values.items(message, "attachments")[:_MOST_FILES]:
        kind, files, note = _attachment(attachment)
        kinds.append(kind)
        media += files
        notes += [note] if note and note not in notes else []
    written = bool(values.text(message, "text"))
    if not kinds and not written:
        return Content(kind="other", note=_("A message that cannot be shown here: see it in the app."))
    return Content(kind=kinds[0] if kinds else "text", media=tuple(media), note=" ".join(notes))


def _attachment(part: Json) -> tuple[MessageKind, tuple[Media, ...], str]:
    kind = values.text(part, "type", 32).lower()
    payload = values.child(part, "payload")
    if kind == "story_mention":
        return "story", _file(payload, "image"), _("You are mentioned in a story.")
    if kind in _FILES:
        shown, medium = _FILES[kind]
        files = _file(payload, medium)
        return shown, files, "" if files else _("The file did not arrive: see it in the app.")
    if kind == "ephemeral":
        return "other", (), _("A picture or film that disappears: see it in the app.")
    if kind in _POSTS:
        title = values.text(payload, "title", 200)
        files = _file(payload, _POSTS[kind])
        return "other", files, _("A post was shared: %s") % title if title else _("A post was shared.")
    return "other", _file(payload, "document"), _("A message that cannot be shown here: see it in the app.")


def _file(payload: Json, kind: str) -> tuple[Media, ...]:
    url = web_address(payload.get("url"))
    return (Media(kind=kind, url=url),) if url else ()


def touch(referral: Json) -> Touch | None:
    """Where a conversation came from: an ad that opens Direct, or a link ig.me/m/<account>?ref=<code>.

    None for an empty referral and for one that says nothing of a source (a product of the shop).
    """
    code = attribution.of_code(values.text(referral, "ref", 64))
    data = values.child(referral, "ads_context_data")
    number = values.ident(referral, "ad_id")[:200]
    if values.text(referral, "source", 32).upper() != "ADS" and not number:
        return code
    ad = Ad(
        external_id=number,
        title=values.text(data, "ad_title", 255),
        url=attribution.address(referral.get("referer_uri")),
        image_url=attribution.address(data.get("photo_url")),
    )
    found = Touch(source="meta", medium="cpc", content=attribution.value(number), ad=ad)
    return dataclasses.replace(found, code=code.code, campaign=code.campaign) if code else found


def comment_touch(media: Json) -> Touch | None:
    """The ad under which a comment stands, None for an ordinary post."""
    number = values.ident(media, "ad_id")[:200]
    if not number:
        return None
    ad = Ad(external_id=number, title=values.text(media, "ad_title", 255))
    return Touch(source="meta", medium="cpc", content=attribution.value(number), ad=ad)
