"""What is charged has one name everywhere: a card or wallet its digits, a bank account `bank:number`.

Account numbers are a bank's own affair: they have no prefix that leads to it, and two banks may use the same one.
"""

from typing import Final

_MARK: Final = ":"
DIGITS_MIN: Final = 10
DIGITS_MAX: Final = 28  # field 102 of the card line


def account_name(bank: str, number: str) -> str:
    """The name of a bank's account."""
    return f"{bank}{_MARK}{number}"


def is_account(name: str) -> bool:
    """Whether a name is an account's, not a card's."""
    return _MARK in name


def bank_of(name: str) -> str:
    """The bank in an account's name."""
    return name.partition(_MARK)[0]


def bare_number(name: str) -> str:
    """What the bank itself calls the card or account."""
    return name.rpartition(_MARK)[2]


def is_account_number(number: str) -> bool:
    """Whether a bank account can have this number."""
    return number.isascii() and number.isdecimal() and DIGITS_MIN <= len(number) <= DIGITS_MAX
