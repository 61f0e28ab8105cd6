"""Connectors: the card line (ISO 8583 over TCP) and signed HTTP."""
