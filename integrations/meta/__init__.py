"""Meta: WhatsApp (Cloud API) and Instagram Direct, both spoken to through the Graph API."""
