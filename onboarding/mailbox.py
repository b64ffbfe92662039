"""Mail of an installation without a mail server: kept in the database and read on a page of the demo."""

from __future__ import annotations

from collections.abc import Sequence

from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend

from onboarding.models import StoredMail


class MailboxBackend(BaseEmailBackend):
    """Stores what would be sent."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        """See Django's backends."""
        for message in email_messages:
            StoredMail.objects.create(
                to=", ".join(message.to), subject=str(message.subject), body=str(message.body)
            )
        return len(email_messages)
