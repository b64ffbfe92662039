"""Instagram Direct and comments, by Instagram's own login or through a Facebook page.

Source: developers.facebook.com/documentation/instagram-platform and …/business-messaging/instagram-messaging.
"""

from integrations.meta.instagram.channel import CHANNEL

__all__ = ["CHANNEL"]
