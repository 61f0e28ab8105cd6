"""The fee table as a form: a row a rule, faults beside their fields, and what a sample payment would cost. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from yongquan.payments.fees import (
    RATE_MAX_BP,
    CardKind,
    FeeRule,
    Fees,
    FeeTable,
    Rate,
    RefundRule,
    require_sound,
)

PARTIES: Final = ("interchange", "network", "acquirer")
ROWS_MAX: Final = 40
_PERCENT = re.compile(r"(\d{1,2})(?:\.(\d{1,2}))?")
_YUAN = re.compile(r"(\d{1,7})(?:\.(\d{1,2}))?")
BAD_PERCENT, BAD_YUAN, BAD_CAP = "费率写百分数，最多两位小数，不超过 10", "金额写元，最多两位小数", "封顶不能低于最低"
BAD_NAME, BAD_MCC, BAD_PREFIX = (
    "名称 1 至 40 个字",
    "类别码是 1 至 4 位数字，用空格分开",
    "卡号前缀是 6 位数字，用空格分开",
)
LAST_MUST_FIT = "最后一行须不限类别和卡种"
FAULTS: Final = (BAD_PERCENT, BAD_YUAN, BAD_CAP, BAD_NAME, BAD_MCC, BAD_PREFIX, LAST_MUST_FIT)


@dataclass(frozen=True, slots=True)
class Sample:
    """A payment to try a table on: what it would cost whom, by which rule."""

    rule: str
    fees: Fees
    shop_fen: int


@dataclass(slots=True)
class FeeForm:
    """What was typed, by field name (`0.name`, `0.network.rate`, `refunds`), and what is wrong in which field."""

    typed: dict[str, str]
    rows: int
    faults: dict[str, str] = field(default_factory=dict)

    def text(self, name: str) -> str:
        """What stands in a field."""
        return self.typed.get(name, "")

    def has(self, name: str, word: str) -> bool:
        """Whether a field of several words has this one."""
        return word in self.text(name).split()

    def add_row(self) -> None:
        """A fresh rule before the last one, which fits everything."""
        if self.rows < ROWS_MAX:
            self._move_rows(self.rows - 1, +1)
            self.rows += 1

    def remove_row(self, place: int) -> None:
        """Take a rule out; one always stays."""
        if self.rows > 1 and 0 <= place < self.rows:
            self._move_rows(place + 1, -1)
            self.rows -= 1

    def table(self) -> FeeTable | None:
        """The table, None if a field is wrong: then `faults` says which."""
        self.faults = {}
        rules = tuple(self._rule(place) for place in range(self.rows))
        if self.rows and (rules[-1].cards or rules[-1].mccs):
            self.faults[f"{self.rows - 1}.mccs"] = LAST_MUST_FIT
        table = FeeTable(
            rules=rules,
            credit_prefixes=frozenset(self._words("credit_prefixes", r"\d{6}", BAD_PREFIX)),
            wallet_prefixes=frozenset(self._words("wallet_prefixes", r"\d{6}", BAD_PREFIX)),
            refunds=RefundRule.KEPT if self.text("refunds") == "kept" else RefundRule.GIVEN_BACK,
            same_day=self._rate("same_day"),
        )
        return None if self.faults else require_sound(table)

    def sample(self, table: FeeTable) -> Sample | None:
        """What the sample payment costs under a table; None (with a fault) if the sample itself is wrong."""
        amount_fen = self._fen("sample.amount")
        mcc = self.text("sample.mcc").strip()
        if not re.fullmatch(r"\d{4}", mcc):
            self.faults["sample.mcc"] = BAD_MCC
        if not amount_fen or self.faults:
            self.faults.setdefault("sample.amount", BAD_YUAN) if not amount_fen else None
            return None
        said = self.text("sample.card")
        card = CardKind(said) if said in {kind.value for kind in CardKind} else CardKind.DEBIT
        rule = next(rule for rule in table.rules if rule.fits(mcc, card))
        fees = table.fees_on(amount_fen, mcc=mcc, card=card)
        return Sample(rule.name, fees, amount_fen - fees.total_fen)

    def _rule(self, place: int) -> FeeRule:
        name = self.text(f"{place}.name").strip()
        if not 1 <= len(name) <= 40:
            self.faults[f"{place}.name"] = BAD_NAME
        cards = tuple(kind for kind in CardKind if self.has(f"{place}.cards", kind.value))
        parts = {party: self._rate(f"{place}.{party}") for party in PARTIES}
        return FeeRule(
            name=name,
            cards=cards,
            mccs=tuple(self._words(f"{place}.mccs", r"\d{1,4}", BAD_MCC)),
            exempt=self.text(f"{place}.exempt") == "yes",
            **parts,
        )

    def _rate(self, name: str) -> Rate:
        typed = self.text(f"{name}.rate").strip() or "0"
        found = _PERCENT.fullmatch(typed)
        bp = int(found[1]) * 100 + int((found[2] or "").ljust(2, "0")) if found else 0
        if not found or bp > RATE_MAX_BP:
            self.faults[f"{name}.rate"] = BAD_PERCENT
        floor_fen = self._fen(f"{name}.floor")
        cap_fen = self._fen(f"{name}.cap") if self.text(f"{name}.cap").strip() else None
        if cap_fen is not None and cap_fen < floor_fen:
            self.faults[f"{name}.cap"] = BAD_CAP
        return Rate(bp, floor_fen, cap_fen)

    def _fen(self, name: str) -> int:
        found = _YUAN.fullmatch(self.text(name).strip() or "0")
        if found is None:
            self.faults[name] = BAD_YUAN
            return 0
        return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))

    def _words(self, name: str, form: str, fault: str) -> list[str]:
        words = re.split(r"[\s,，、]+", self.text(name).strip())
        found = [word for word in words if word]
        if any(not re.fullmatch(form, word) for word in found):
            self.faults[name] = fault
        return found

    def _move_rows(self, since: int, by: int) -> None:
        moved: dict[str, str] = {}
        for name, text in self.typed.items():
            place, dot, rest = name.partition(".")
            number = int(place) if dot and place.isdecimal() else -1
            if number < since and not (by < 0 and number == since - 1):
                moved[name] = text
            elif number >= since:
                moved[f"{number + by}.{rest}"] = text
        self.typed = moved


def form_of(table: FeeTable) -> FeeForm:
    """The form with a table in it."""
    typed = {
        "refunds": table.refunds.value,
        "credit_prefixes": " ".join(sorted(table.credit_prefixes)),
        "wallet_prefixes": " ".join(sorted(table.wallet_prefixes)),
        "sample.amount": "100.00",
        "sample.mcc": "5812",
        "sample.card": "debit",
        **_said_rate("same_day", table.same_day),
    }
    for place, rule in enumerate(table.rules):
        typed[f"{place}.name"] = rule.name
        typed[f"{place}.mccs"] = " ".join(rule.mccs)
        typed[f"{place}.cards"] = " ".join(rule.cards)
        typed[f"{place}.exempt"] = "yes" if rule.exempt else ""
        for party in PARTIES:
            typed |= _said_rate(f"{place}.{party}", getattr(rule, party))
    return FeeForm(typed, len(table.rules))


def form_from(sent: Mapping[str, str]) -> FeeForm:
    """The form as it was sent; a field of several words has them joined by spaces."""
    places = {int(place) for place, dot, _ in (name.partition(".") for name in sent) if dot and place.isdecimal()}
    return FeeForm(dict(sent), min(max(places, default=0) + 1, ROWS_MAX))


def _said_rate(name: str, rate: Rate) -> dict[str, str]:
    return {
        f"{name}.rate": _typed(rate.bp),
        f"{name}.floor": _typed(rate.floor_fen) if rate.floor_fen else "",
        f"{name}.cap": "" if rate.cap_fen is None else _typed(rate.cap_fen),
    }


def _typed(hundredths: int) -> str:
    """As people type it back: 1234 is 12.34."""
    return f"{hundredths // 100}.{hundredths % 100:02d}"
