"""Who keeps how much of a payment: the four-party split, on what the citizen pays; public money bears no fee. Pure.

A table is a list of rules; the first that fits a payment's merchant category and kind of card prices it. What of the
whole the acquirer gives to the issuer (interchange) and to the network is in the same rule.
"""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final

from yongquan.kernel.errors import BadInput
from yongquan.kernel.money import rate_of

RATE_MAX_BP: Final = 1_000
PREFIX_DIGITS: Final = 6


class CardKind(StrEnum):
    """What a payment is made with, as the fee table tells them apart."""

    DEBIT = "debit"
    CREDIT = "credit"
    WALLET = "wallet"


class RefundRule(StrEnum):
    """What becomes of fees when a payment is refunded on a later day; on its own day they always go back."""

    GIVEN_BACK = "given_back"
    KEPT = "kept"


@dataclass(frozen=True, slots=True)
class Fees:
    """Fees of one payment in fen: to the issuer, the network and the acquirer."""

    interchange_fen: int
    network_fen: int
    acquirer_fen: int

    @property
    def total_fen(self) -> int:
        return self.interchange_fen + self.network_fen + self.acquirer_fen


@dataclass(frozen=True, slots=True)
class Rate:
    """One party's part: a rate rounded half up to a fen, raised to `floor_fen`, cut to `cap_fen` if there is one."""

    bp: int
    floor_fen: int = 0
    cap_fen: int | None = None

    def on(self, charged_fen: int) -> int:
        """The fee on an amount; never more than the amount."""
        fee_fen = max(rate_of(charged_fen, self.bp), self.floor_fen)
        return min(fee_fen, charged_fen if self.cap_fen is None else min(self.cap_fen, charged_fen))


NOTHING: Final = Rate(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class FeeRule:
    """A row of the table: for these kinds of card (none named: all) and categories (MCC prefixes; none: all)."""

    name: str
    cards: tuple[CardKind, ...] = ()
    mccs: tuple[str, ...] = ()
    exempt: bool = False
    interchange: Rate = NOTHING
    network: Rate = NOTHING
    acquirer: Rate = NOTHING

    def fits(self, mcc: str, card: CardKind) -> bool:
        """Whether this row prices such a payment."""
        return (not self.cards or card in self.cards) and (not self.mccs or mcc.startswith(self.mccs))

    def fees_on(self, charged_fen: int) -> Fees:
        """The fees on an amount charged to a citizen; together never more than the amount."""
        if self.exempt or charged_fen == 0:
            return Fees(0, 0, 0)
        interchange_fen = self.interchange.on(charged_fen)
        network_fen = min(self.network.on(charged_fen), charged_fen - interchange_fen)
        acquirer_fen = min(self.acquirer.on(charged_fen), charged_fen - interchange_fen - network_fen)
        return Fees(interchange_fen, network_fen, acquirer_fen)


EVERYTHING: Final = FeeRule(name="其他", interchange=Rate(24), network=Rate(4), acquirer=Rate(10))


@dataclass(frozen=True, slots=True)
class FeeTable:
    """A version's rules, which card prefixes are credit cards and wallets, and what refunds do."""

    rules: tuple[FeeRule, ...] = (EVERYTHING,)
    credit_prefixes: frozenset[str] = field(default=frozenset())
    wallet_prefixes: frozenset[str] = field(default=frozenset())
    refunds: RefundRule = RefundRule.GIVEN_BACK
    same_day: Rate = NOTHING  # on what a shop is paid at a cut-off, kept by its acquirer

    def card_kind(self, number: str) -> CardKind:
        """The kind of a card or wallet number; what no prefix names is a debit card."""
        prefix = number[:PREFIX_DIGITS]
        if prefix in self.wallet_prefixes:
            return CardKind.WALLET
        return CardKind.CREDIT if prefix in self.credit_prefixes else CardKind.DEBIT

    def fees_on(self, charged_fen: int, *, mcc: str, card: CardKind) -> Fees:
        """The fees of a payment by the first rule that fits."""
        return next(rule for rule in self.rules if rule.fits(mcc, card)).fees_on(charged_fen)


FIRST_TABLE: Final = FeeTable()


def require_sound(table: FeeTable) -> FeeTable:
    """Pass a table that prices every payment sensibly. Raises `BadInput` that names the rule and field."""
    if not table.rules or table.rules[-1].cards or table.rules[-1].mccs:
        raise BadInput("rules: the last rule must fit every payment")
    _require_rate("same_day", table.same_day)
    for place, rule in enumerate(table.rules, 1):
        for party in ("interchange", "network", "acquirer"):
            _require_rate(f"rules[{place}].{party}", getattr(rule, party))
        if not 1 <= len(rule.name) <= 40:
            raise BadInput(f"rules[{place}].name: write 1 to 40 characters")
        if any(not mcc.isdecimal() or len(mcc) > 4 for mcc in rule.mccs):
            raise BadInput(f"rules[{place}].mccs: each is 1 to 4 digits")
    for prefix in (*table.credit_prefixes, *table.wallet_prefixes):
        if not prefix.isdecimal() or len(prefix) != PREFIX_DIGITS:
            raise BadInput(f"prefixes: {prefix} is not {PREFIX_DIGITS} digits")
    return table


def _require_rate(where: str, rate: Rate) -> None:
    if not 0 <= rate.bp <= RATE_MAX_BP:
        raise BadInput(f"{where}.bp: {rate.bp} is not 0 to {RATE_MAX_BP}")
    if rate.floor_fen < 0 or (rate.cap_fen is not None and rate.cap_fen < rate.floor_fen):
        raise BadInput(f"{where}: the floor must be 0 or more and the cap at least the floor")
