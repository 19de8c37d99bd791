"""Messages to people: mail, Telegram, any webhook, behind one call."""
