"""Objections: a citizen says that what is held against the account is wrong, staff decide."""
