"""Settings of the telephony channel: the provider, and each provider's own keys under the names it uses itself."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from integrations.protocols.channel import Field

CHOICES = (
    ("mango", "Mango Office"),
    ("uis", "UIS / CoMagic"),
    ("novofon", "Novofon"),
    ("zadarma", "Zadarma"),
    ("sipuni", "Sipuni"),
    ("megafon", _("MegaFon's virtual PBX")),
    ("twilio", "Twilio"),
)
_API = ("zadarma", "novofon")

FIELDS = (
    Field(name="provider", label=_("Provider"), required=True, choices=CHOICES),
    Field(
        name="vpbx_api_key",
        label=_("Unique code of the PBX"),
        secret=True,
        providers=("mango",),
        help=_("“Integrations”, “API of the virtual PBX” in Mango's account."),
    ),
    Field(
        name="vpbx_api_salt",
        label=_("Key for the signature"),
        secret=True,
        providers=("mango",),
        help=_("It stands below the code."),
    ),
    Field(name="api_key", label=_("Key"), secret=True, providers=_API),
    Field(name="api_secret", label=_("Secret"), secret=True, providers=_API),
    Field(
        name="secret",
        label=_("Own secret"),
        secret=True,
        providers=("uis", "sipuni"),
        help=_("Only if you add “?secret=…” to the address, or the field “secret” to the template of UIS."),
    ),
    Field(
        name="access_token",
        label=_("Access token of the Data API"),
        secret=True,
        providers=("uis",),
        help=_("With it sources of visitors and calls that a notification missed come in too."),
    ),
    Field(
        name="crm_token",
        label=_("CRM key"),
        secret=True,
        providers=("megafon",),
        help=_("The one you invented and typed into the PBX as the key for your CRM."),
    ),
    Field(
        name="vats_domain",
        label=_("Address of the PBX"),
        providers=("megafon",),
        help=_("Like salon.megapbx.ru."),
    ),
    Field(name="token", label=_("Key of the PBX"), secret=True, providers=("megafon",)),
    Field(name="account_sid", label=_("Account SID"), providers=("twilio",)),
    Field(name="auth_token", label=_("Auth Token"), secret=True, providers=("twilio",)),
    Field(
        name="number",
        label=_("Number at Twilio"),
        providers=("twilio",),
        help=_("Only if the account has several."),
    ),
    Field(
        name="forward_to",
        label=_("Phone to ring"),
        providers=("twilio",),
        help=_("With the country's code. Empty: callers hear that the line is busy and get a message."),
    ),
    Field(
        name="shared_key",
        label=_("Shared key for webhooks"),
        secret=True,
        providers=("twilio",),
        help=_("Only where Twilio signs webhooks with a shared key instead of the token."),
    ),
    Field(
        name="timezone",
        label=_("Time zone of the account"),
        providers=("uis", "zadarma", "novofon", "megafon"),
        help=_("Like Asia/Omsk; Europe/Moscow when left empty."),
    ),
)
