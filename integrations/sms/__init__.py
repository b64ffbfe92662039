"""Text messages to phones: SMSC, SMS Aero, Twilio."""
