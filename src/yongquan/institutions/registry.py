"""Which institutions there are, where they listen, and which of them issued a card."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import msgspec

from yongquan.institutions.account_names import bank_of, is_account
from yongquan.kernel.errors import BadInput, Refusal

BIN_DIGITS: Final = 6


class InstitutionKind(StrEnum):
    """What an institution does for the network."""

    BANK = "bank"
    WALLET = "wallet"
    ACQUIRER = "acquirer"
    REGISTER = "register"  # the business register: asked by the network, no member of it


class UnknownIssuer(Refusal):
    """No member of the network issued this card."""

    code = "unknown_issuer"


@dataclass(frozen=True, slots=True, kw_only=True)
class Institution:
    """A member of the network: its addresses, its card prefixes and its public key (PEM)."""

    code: str
    name: str
    name_en: str
    kind: InstitutionKind
    network_id: str
    host: str
    iso_port: int | None
    http_port: int
    bins: tuple[str, ...]
    public_key_pem: str

    @property
    def http_url(self) -> str:
        """Where its signed HTTP calls go."""
        return f"http://{self.host}:{self.http_port}"


class Registry:
    """The members, found by code or by card."""

    def __init__(self, members: Iterable[Institution]) -> None:
        listed = tuple(members)
        self.members = tuple(member for member in listed if member.kind is not InstitutionKind.REGISTER)
        self.register = next((member for member in listed if member.kind is InstitutionKind.REGISTER), None)
        self._by_code = {member.code: member for member in listed}
        self._by_bin = {prefix: member for member in self.members for prefix in member.bins}

    def __getitem__(self, code: str) -> Institution:
        """The member with this code. Raises `KeyError`."""
        return self._by_code[code]

    def find(self, code: str) -> Institution | None:
        """The member with this code."""
        return self._by_code.get(code)

    def issuer_of(self, pan: str) -> Institution | None:
        """The issuer of a card or wallet number, or the bank of a named account."""
        if is_account(pan):
            bank = self._by_code.get(bank_of(pan))
            return bank if bank is not None and bank.kind is InstitutionKind.BANK else None
        return self._by_bin.get(pan[:BIN_DIGITS])

    def route(self, pan: str) -> Institution:
        """The issuer of a number. Raises `UnknownIssuer`, which names the prefix only."""
        issuer = self.issuer_of(pan)
        if issuer is None:
            raise UnknownIssuer(prefix=pan[:BIN_DIGITS])
        return issuer

    @property
    def issuers(self) -> tuple[Institution, ...]:
        """The banks and wallets that answer card messages."""
        return tuple(member for member in self.members if member.iso_port is not None)

    @property
    def acquirers(self) -> tuple[Institution, ...]:
        """Those that settle shops."""
        return tuple(member for member in self.members if member.kind is InstitutionKind.ACQUIRER)


def parse_registry(directory: bytes | str) -> Registry:
    """Read the directory of institutions (`sandbox.json`). Raises `BadInput`."""
    try:
        members = msgspec.json.decode(directory, type=list[Institution])
    except (msgspec.ValidationError, msgspec.DecodeError) as problem:
        raise BadInput(f"The directory of institutions cannot be read: {problem}") from problem
    prefixes = [prefix for member in members for prefix in member.bins]
    if len(set(prefixes)) < len(prefixes):
        raise BadInput("Two institutions in the directory claim the same card prefix.")
    return Registry(members)
