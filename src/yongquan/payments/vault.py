"""The only place where numbers of cards and accounts are sealed, found and opened. Outside it they are instruments."""

from dataclasses import dataclass

from yongquan.institutions.account_names import is_account
from yongquan.plumbing.sealing import Sealing

WHAT = "pan"
PREFIX_DIGITS = 8


@dataclass(frozen=True, slots=True)
class KeptPan:
    """A card number or an account name as it is stored: sealed, its blind index, the last four digits for people."""

    sealed: bytes
    index: bytes
    tail: str


@dataclass(frozen=True, slots=True)
class Vault:
    """Seals and opens card numbers. What is opened goes into a card message and nowhere else."""

    sealing: Sealing

    def keep(self, pan: str) -> KeptPan:
        """A number ready to be stored."""
        return KeptPan(self.sealing.seal(pan, what=WHAT), self.index(pan), pan[-4:])

    def index(self, pan: str) -> bytes:
        """What a stored number is found by."""
        return self.sealing.index(pan, what=WHAT)

    def open(self, sealed: bytes) -> str:
        """The number again."""
        return self.sealing.open(sealed, what=WHAT)

    def prefix(self, sealed: bytes) -> str:
        """The first digits of a card, which say its issuer and kind and nobody's account; an account has none."""
        return head_of(self.open(sealed))


def head_of(number: str) -> str:
    """The first digits of an opened number."""
    return "" if is_account(number) else number[:PREFIX_DIGITS]
