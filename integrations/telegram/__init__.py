"""Telegram: the Bot API (core.telegram.org/bots/api), private chats and Business connections."""
