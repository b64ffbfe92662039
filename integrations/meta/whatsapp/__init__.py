"""WhatsApp: the Cloud API (developers.facebook.com/documentation/business-messaging/whatsapp)."""

from integrations.meta.whatsapp.channel import CHANNEL

__all__ = ["CHANNEL"]
