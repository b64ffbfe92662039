"""MAX: bots of Russian companies (dev.max.ru, Bot API), private dialogs."""
