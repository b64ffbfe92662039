"""Pages of channels: what is connected and how it fares, connecting one in numbered steps, and its settings."""
