"""Calls for shops (招募): conditions that are checked one by one, joining, withdrawing, nomination by a bureau."""
