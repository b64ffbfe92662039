"""Avito: the Messenger API (developers.avito.ru), chats of a seller's own account about listings and the profile."""
