"""E-mail as a channel: the tenant's own box, polled by IMAP and written from by SMTP, or a mail service's hook."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.translation import gettext_lazy as _

from integrations import errors
from integrations.mail import box, compose, marks, outcome, parse, proof, services
from integrations.protocols.channel import (
    BaseChannel,
    Capabilities,
    Connected,
    Fact,
    Field,
    Guide,
    Health,
    HookReply,
    HookRequest,
    Media,
    Outgoing,
    Polled,
    Sent,
    Settings,
)
from kit import http, smtp
from kit.mail import Server


class MailChannel(BaseChannel):
    """See `integrations.protocols.channel.Channel`.

    `chat` is the other side's address in lower case: one thread for each person and box. A letter's external id is its
    Message-ID without brackets, or "sha256:…" where it has none of use.
    """

    kind = "email"
    label = _("E-mail")
    capabilities = Capabilities(
        replies=True,
        letters=True,
        max_text=100_000,
        media=frozenset({"image", "document", "audio", "voice", "video"}),
        max_media=15_000_000,  # common servers take letters of 25 MB, and a file grows by a third on its way
        max_caption=100_000,
        can_write_first=True,
        receipts=frozenset({"failed"}),
        echoes=True,
        per_second=1.0,
    )
    fields = (
        Field(
            name="address",
            label=_("E-mail address"),
            required=True,
            help=_("The address your clients write to; answers go out from it."),
        ),
        Field(
            name="imap_url",
            label=_("IMAP address"),
            secret=True,
            help=_("imaps://user:password@imap.yandex.ru:993/INBOX; in the user's name write %40 for @."),
        ),
        Field(
            name="smtp_url",
            label=_("SMTP address"),
            secret=True,
            help=_(
                "smtps://user:password@smtp.yandex.ru:465 or smtp+starttls://user:password@smtp.example.com:587"
            ),
        ),
        Field(name="from_name", label=_("Sender's name"), help=_("Shown to clients beside the address.")),
        Field(
            name="copy_to_sent",
            label=_("Copy answers to the Sent folder"),
            help=_("“1” if your mail service does not do so itself."),
        ),
        Field(
            name="mailgun_signing_key",
            label=_("Mailgun signing key"),
            secret=True,
            help=_("Only if Mailgun forwards letters to us: “HTTP webhook signing key” of its settings."),
        ),
        Field(
            name="hook_password",
            label=_("Webhook password"),
            secret=True,
            help=_(
                "Only if SendGrid or Postmark forwards letters to us: https://any:PASSWORD@… in the address."
            ),
        ),
        Field(
            name="thread_secret",
            label=_("Secret of message ids"),
            secret=True,
            generated=True,
            help=_("Proves which letters are ours. Made by itself when left empty."),
        ),
    )
    guide = Guide(
        icon="email",
        text=_("Letters of clients come into the inbox; answers go out from your own address."),
        steps=(
            _("Switch IMAP on in the settings of your mailbox (Yandex, Mail.ru: “Mail programs”)."),
            _("Make an app password there: the usual password is refused to programs."),
            _("Type your address, and the IMAP and SMTP addresses of your mail service with that password."),
            _("Press “Connect”: we log in to both and read letters that come from now on."),
        ),
    )
    refused_status = 401
    max_body = 25 * 1024 * 1024  # a letter comes with its files; common servers take as much

    def handshake(self, settings: Settings, request: HookRequest) -> HookReply | None:
        """Mail services try the address by GET or HEAD when it is saved."""
        return HookReply() if request.method in ("GET", "HEAD") else None

    def verify(self, settings: Settings, request: HookRequest) -> bool:
        # What we fetch ourselves never passes the door: from outside nobody may call himself so.
        return not request.subpath.startswith("imap") and proof.verify(settings, request)

    def event_id(self, request: HookRequest) -> str | None:
        """The Message-ID: the same letter may come by several ways."""
        return parse.event_id(request)

    def thread_key(self, request: HookRequest) -> str | None:
        return parse.thread_key(request)

    def parse(self, settings: Settings, request: HookRequest) -> list[Fact]:
        try:
            return parse.facts(request, settings)
        except errors.ParseError:
            raise
        except Exception as error:
            raise errors.ParseError(f"unreadable letter ({type(error).__name__})") from error

    def extract(self, request: HookRequest, media: Media) -> bytes | None:
        """A file of a letter, from the letter itself."""
        number = media.ref.removeprefix("part:")
        if not (media.ref.startswith("part:") and number.isdigit() and len(number) < 4):
            return None
        try:
            files = dict(parse.files(services.letter_of(request)))
        except errors.ParseError:
            return None
        file = files.get(int(number))
        return file.content if file else None

    def send(self, settings: Settings, outgoing: Outgoing) -> http.Call[Sent]:
        limits = self.capabilities
        compose.check(outgoing, longest=limits.max_text, largest=limits.max_media)
        server = _smtp(settings)
        ident, letter = compose.letter(settings, outgoing, now=datetime.now(UTC))
        sender, recipient = compose.mailbox(settings.get("address") or ""), compose.mailbox(outgoing.chat)

        def hand_over() -> str:
            return smtp.send(server, sender=sender, recipient=recipient, letter=letter)

        said = yield from outcome.session(hand_over, outcome.of_smtp)
        if settings.get("copy_to_sent") and settings.get("imap_url"):
            try:
                yield from box.keep(settings, letter)
            except errors.FAILURES:
                pass  # the letter is on its way; a missing copy is no reason to send it again
        return Sent(ident, raw_state=said[:200])

    def connect(self, settings: Settings, hook_url: str) -> http.Call[Connected]:
        """Logs in to both servers. The hook is registered at the mail service by hand, where there is one."""
        address = compose.mailbox(settings.get("address") or "")
        yield from self._logins(settings)
        return Connected(external_id=address.lower(), name=settings.get("from_name") or address)

    def health(self, settings: Settings, hook_url: str) -> http.Call[Health]:
        yield from self._logins(settings)
        return Health(ok=True)

    def settle(
        self, settings: Settings, outgoing: Outgoing, since: datetime
    ) -> http.Call[Sent | None] | None:
        """Looks into the folder of sent letters; without IMAP or a key only a bounce would tell."""
        if not settings.get("imap_url") or not outgoing.key:
            return None
        domain = compose.mailbox(settings.get("address") or "").rpartition("@")[2]
        ident = marks.message_id(settings, outgoing.key, domain)
        return box.sent(settings, ident, since, kept_by_us=bool(settings.get("copy_to_sent")))

    def poll(self, settings: Settings, cursor: str) -> http.Call[Polled] | None:
        return box.poll(settings, cursor) if settings.get("imap_url") else None

    def _logins(self, settings: Settings) -> http.Call[None]:
        server = _smtp(settings)

        yield from outcome.session(lambda: smtp.check(server), outcome.of_smtp)
        if settings.get("imap_url"):
            yield from box.check(settings)


def _smtp(settings: Settings) -> Server:
    return outcome.address(settings.get("smtp_url") or "", "smtp")


CHANNEL = MailChannel()
