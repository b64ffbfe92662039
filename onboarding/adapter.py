"""How django-allauth signs people up here."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """E-mail is the login; the name is asked with the tenant's own first steps."""
