"""Phone calls: Mango Office, UIS, Novofon, Zadarma, Sipuni, MegaFon, Twilio."""
