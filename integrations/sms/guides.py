"""How an owner connects each provider of text messages. Pages of the providers as they were in 2026."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from integrations.protocols.channel import Guide

SMSC = Guide(
    icon="sms",
    text=_("Text messages through SMSC.ru: reminders for those who have no messenger."),
    steps=(
        _("Sign up at smsc.ru, top up the balance and conclude the contract."),
        _("Under “Sender names” order a name of up to 11 Latin letters; each operator approves it."),
        _("Under “Settings” create an API key. Paste it below as the password and leave the login empty."),
        _("Invent a secret, type it below and as the secret of the event handler in the settings of SMSC."),
        _("After connecting copy this channel's address into “Address of the event handler” at SMSC."),
    ),
    review=_("Operators approve a sender name in 1 to 7 working days; until then some messages are refused."),
)
SMSAERO = Guide(
    icon="sms",
    text=_("Text messages through SMS Aero: reminders for those who have no messenger."),
    steps=(
        _("Sign up at smsaero.ru and top up the balance."),
        _("Under “Sender names” order your own name; until it is approved use “SMS Aero”."),
        _("Under “Settings”, “API and SMPP” copy the API key."),
        _("Fill in below: your e-mail there as the login, the key as the password, the name as the sender."),
    ),
    review=_("Operators approve a sender name in 1 to 7 working days."),
)
TWILIO = Guide(
    icon="sms",
    text=_("Text messages through Twilio, for businesses outside Russia."),
    steps=(
        _("Sign up at twilio.com and buy a number, or order an alphanumeric sender."),
        _("On the first page of the console copy “Account SID” and “Auth Token”."),
        _("Fill in below: the SID as the login, the token as the password, the number as the sender."),
    ),
    review=_("Some countries register senders, up to two weeks. Russian numbers are reached unreliably."),
)
