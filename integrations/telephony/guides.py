"""How an owner connects each provider of telephony. Pages of the providers as they were in 2026."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from integrations.protocols.channel import Guide

_ADDRESS = _("After connecting, the page of this channel shows its address: copy it.")

KIND = Guide(
    icon="telephony",
    text=_("Every call becomes a lead, a missed one is answered by a message at once."),
    steps=(
        _("Choose where your number lives: the steps of that provider follow."),
        _("Have the keys of its API at hand: they stand in the settings of its personal account."),
        _("An ordinary mobile number can forward its missed calls to a number of one of these providers."),
    ),
    asks_provider=False,
)
MANGO = Guide(
    icon="telephony",
    text=_("Calls of Mango Office."),
    steps=(
        _("In Mango's personal account open “Integrations”, “API of the virtual PBX” and switch the API on."),
        _("Copy the “unique code of your PBX” and the “key for the signature” into the fields below."),
        _ADDRESS,
        _("In Mango paste it as “Address of the external system” and press “Check the connection”."),
    ),
    review=_("The API belongs to the tariffs with integrations; Mango switches it on within a day."),
)
UIS = Guide(
    icon="telephony",
    text=_("Calls of UIS and CoMagic."),
    steps=(
        _ADDRESS,
        _("In UIS open “Notifications” and add one of the type HTTP for each event: method POST."),
        _("As its address paste ours, as its body the text from our help with the event's name in it."),
        _("Add notifications for: incoming call, start of talk, end of call, lost call, recorded call."),
        _("For sources of visitors create a key under “API” and paste it below as the access token."),
    ),
    review=_("The option “Notifications” or “Basic API” must be part of the tariff."),
)
ZADARMA = Guide(
    icon="telephony",
    text=_("Calls of Zadarma."),
    steps=(
        _("In Zadarma open “Settings”, “Integrations and API” and create the keys."),
        _(
            "Copy “Key” and “Secret” into the fields below and press the button: the address is set by itself."
        ),
        _("Switch the recording of calls on for each extension, if you want to hear them here."),
    ),
)
NOVOFON = Guide(
    icon="telephony",
    text=_("Calls of Novofon."),
    steps=(
        _("In Novofon open “Settings”, “API” and create the keys."),
        _(
            "Copy “Key” and “Secret” into the fields below and press the button: the address is set by itself."
        ),
        _("If your account is of the newer platform, choose UIS here instead: it speaks the same way."),
    ),
)
SIPUNI = Guide(
    icon="telephony",
    text=_("Calls of Sipuni."),
    steps=(
        _ADDRESS,
        _("In Sipuni open “Settings”, “API”, “Events of the PBX” and paste it."),
        _("Switch on the events call, answer and hang-up, choose POST and save."),
    ),
    asks_provider=False,
)
MEGAFON = Guide(
    icon="telephony",
    text=_("Calls of MegaFon's virtual PBX and of others like it."),
    steps=(
        _("In the PBX's account open “Settings”, “Integration with CRM” and choose “Own CRM”."),
        _("Invent a long key, type it there as “Key for your CRM” and below as the CRM key."),
        _("Copy the address of the PBX and its own key into the fields below."),
        _ADDRESS,
        _("In the PBX paste it as “Address of your CRM” and save."),
    ),
    review=_("The option “Integration with CRM” must be part of the tariff."),
)
TWILIO = Guide(
    icon="telephony",
    text=_("A number at Twilio that rings your phone."),
    steps=(
        _("Sign up at twilio.com and buy a number with voice."),
        _("On the first page of the console copy “Account SID” and “Auth Token” into the fields below."),
        _("Write the phone that shall ring, and press the button: the number is set up by itself."),
    ),
)
