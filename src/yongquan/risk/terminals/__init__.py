"""Terminals that moved and shops that collect for gambling: pure functions over some days' dealings."""
