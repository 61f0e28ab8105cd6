"""Stickers, table cards and code plates that shops ask for, and where they are on their way (docs/providers.md)."""
