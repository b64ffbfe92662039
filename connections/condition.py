"""How an account fares, in a word for a list and in a sentence with what to do for its page."""

from __future__ import annotations

import dataclasses

from django.utils.translation import gettext as _

from connections import kinds
from connections.models import Connection, ConnectionState, Trouble
from integrations import registry


@dataclasses.dataclass(frozen=True)
class Condition:
    """`word` is for a list, `title` and `text` for the page; `tone` and `sign` as the badge takes them.

    `remedy` names what mends it: "settings", "again" (connect once more), "test", "on" or "".
    """

    name: str
    word: str
    tone: str
    sign: str
    title: str = ""
    text: str = ""
    remedy: str = ""


def of(connection: Connection) -> Condition:
    """The state that matters most to its owner now."""
    names = {"provider": provider_of(connection), "reason": connection.last_error}
    if connection.state == ConnectionState.OFF:
        return Condition(
            "off",
            _("Switched off"),
            "",
            "",
            _("Switched off"),
            _("Nothing comes in and nothing goes out. What clients write meanwhile stays at the provider."),
            "on",
        )
    if connection.state == ConnectionState.NEW:
        return Condition("new", _("Not finished"), "wait", "hourglass")
    if connection.state == ConnectionState.BROKEN or connection.trouble == Trouble.TOKEN:
        return Condition(
            "token",
            _("Key not accepted"),
            "loss",
            "alert",
            _("%(provider)s does not accept the key any more") % names,
            _("Nothing can be sent until there is a new one: your answers wait here. Make a key at %(provider)s and"
              " put it into the settings. %(provider)s says: %(reason)s") % names,
            "settings",
        )  # fmt: skip
    if connection.unreachable_since is not None:
        return Condition(
            "unreachable",
            _("Out of reach"),
            "wait",
            "cloud-off",
            _("%(provider)s cannot be reached from our server") % names,
            _(
                "Your key is not at fault and nothing is lost: what clients write waits at the provider, your answers"
                " wait here. We try again by ourselves. If it lasts, give a proxy in the settings."
            ),
        )
    if connection.trouble:
        return _troubled(connection, names)
    if connection.silence_told_at is not None:
        return Condition(
            "silent",
            _("Silent"),
            "wait",
            "bell-off",
            _("Unusually quiet"),
            _("It was never quiet for so long in its opening hours. Write to it as a client would: if that arrives,"
              " all is well."),
            "test",
        )  # fmt: skip
    return Condition("works", _("Works"), "gain", "check")


def _troubled(connection: Connection, names: dict[str, str]) -> Condition:
    match connection.trouble:
        case Trouble.RIGHTS:
            return Condition(
                "rights",
                _("Rights missing"),
                "loss",
                "lock",
                _("The key may not do all that is needed"),
                _("Give it the rights that the steps name, or make a new one. %(provider)s says: %(reason)s")
                % names,
                "settings",
            )
        case Trouble.TAKEN:
            return Condition(
                "taken",
                _("Taken over"),
                "loss",
                "plug-off",
                _("Another service receives the messages"),
                _(
                    "The same account is connected elsewhere: switch it off there, then connect it again here."
                ),
                "again",
            )
        case Trouble.HOOK:
            return Condition(
                "hook",
                _("Not connected"),
                "loss",
                "plug-off",
                _("%(provider)s does not know our address") % names,
                _("Nothing comes in like this. Connect it again: it takes a moment."),
                "again",
            )
        case Trouble.DELIVERY:
            return Condition(
                "delivery",
                _("Not delivered"),
                "loss",
                "alert",
                _("%(provider)s does not get through to us") % names,
                _("Messages wait there. This server must be reachable from the internet. %(reason)s") % names,
            )
    return Condition(
        "other",
        _("Needs attention"),
        "loss",
        "alert",
        _("%(provider)s reports a problem") % names,
        connection.last_error,
        "again",
    )


def provider_of(connection: Connection) -> str:
    """What the owner calls the other side: the provider they chose, else the kind."""
    if connection.kind not in registry.kinds():
        return connection.kind
    return kinds.provider_label(connection.kind, str(connection.account.get(kinds.PROVIDER) or ""))
