"""What providers are paid for: measures, a formula, the inputs of a month. Amounts in fen."""

import hashlib
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from uuid import UUID

import msgspec

from yongquan.kernel.errors import BadInput
from yongquan.merchants.rulebooks.reading import read_rules

FEN_MAX = 10**12
UNITS_MAX = 10**9
MONTHS_MAX = 12


class Measure(StrEnum):
    """What shops of a provider's grids really did in a month."""

    NEW_ACTIVE_SHOPS = "new_active_shops"
    TRANSACTIONS = "transactions"
    VOUCHERS_REDEEMED = "vouchers_redeemed"
    USERS = "users"
    INSPECTIONS_PASSED = "inspections_passed"


@dataclass(frozen=True, slots=True, kw_only=True)
class PayLine:
    """So much for each unit; caps are on units of one shop, units of all shops, and the line's amount."""

    measure: Measure
    each_fen: int
    name: str
    name_en: str
    cap_units_a_shop: int | None = None
    cap_units: int | None = None
    cap_fen: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewShop:
    """When a shop in its first month of trade counts as new and active."""

    payments_min: int
    payers_min: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Clawback:
    """For a shop found fake: what it earned in so many months before is taken back, and a fine on top."""

    months: int
    fine_fen: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Formula:
    """How a month's units become pay. The floor is for a provider that has shops; the cap is before clawback."""

    lines: tuple[PayLine, ...]
    new_shop: NewShop
    clawback: Clawback
    floor_fen: int = 0
    cap_fen: int | None = None


@dataclass(frozen=True, slots=True)
class ShopInput:
    """A shop's month: payments that kept something, people, days, vouchers, inspections passed."""

    store_id: UUID
    grid: str
    is_new: bool
    payments: int
    payers: int
    days: int
    vouchers: int
    inspections: int


@dataclass(frozen=True, slots=True)
class FakeInput:
    """A shop found fake this month: what it earned by month, and whether the provider still has it."""

    store_id: UUID
    earned: tuple[tuple[date, int], ...]
    is_held: bool


@dataclass(frozen=True, slots=True)
class Inputs:
    """All that a provider's pay of a month is made of; `payments_sha` stands for the list of payments."""

    month: date
    provider: str
    grids: tuple[str, ...]
    shops: tuple[ShopInput, ...]
    fakes: tuple[FakeInput, ...]
    owed_fen: int
    payments_sha: str

    @property
    def digest(self) -> str:
        """SHA-256 of the canonical document: the same inputs have the same."""
        return hashlib.sha256(msgspec.json.encode(self, order="deterministic")).hexdigest()


FIRST_FORMULA = """\
# 金额单位分。先按各项计，再封顶、保底，最后扣回虚假门店。Fen; lines, then cap and floor, then clawback.
lines:
  - {measure: new_active_shops, each_fen: 3000, name: 新增活跃门店, name_en: New active shops, cap_units: 500}
  - {measure: transactions, each_fen: 5, name: 交易笔数, name_en: Transactions, cap_units_a_shop: 2000}
  - {measure: vouchers_redeemed, each_fen: 10, name: 核销券数, name_en: Vouchers redeemed, cap_units_a_shop: 1000}
  - {measure: users, each_fen: 10, name: 付款人数, name_en: People who paid, cap_units_a_shop: 1000}
  - {measure: inspections_passed, each_fen: 800, name: 巡检合格, name_en: Inspections passed, cap_units_a_shop: 2}
new_shop: {payments_min: 3, payers_min: 2}
floor_fen: 0
cap_fen: 20000000
clawback: {months: 3, fine_fen: 5000}
"""


def read_formula(document: str) -> Formula:
    """A formula out of its YAML. Raises `BadInput`."""
    formula = read_rules(document, Formula)
    measures = [line.measure for line in formula.lines]
    if not measures or len(set(measures)) < len(measures):
        raise BadInput("$.lines: one or more, each measure once")
    for line in formula.lines:
        amounts = (line.each_fen, line.cap_fen or 0)
        units = (line.cap_units or 0, line.cap_units_a_shop or 0)
        if any(not 0 <= fen <= FEN_MAX for fen in amounts) or any(not 0 <= n <= UNITS_MAX for n in units):
            raise BadInput(f"$.lines ({line.measure}): amounts and caps are whole numbers from 0")
    for name, fen in (("floor_fen", formula.floor_fen), ("cap_fen", formula.cap_fen or 0)):
        if not 0 <= fen <= FEN_MAX:
            raise BadInput(f"$.{name}: a whole number of fen from 0")
    if formula.cap_fen is not None and formula.floor_fen > formula.cap_fen:
        raise BadInput("$.floor_fen: not above cap_fen")
    if not 0 <= formula.clawback.months <= MONTHS_MAX or not 0 <= formula.clawback.fine_fen <= FEN_MAX:
        raise BadInput(f"$.clawback: months from 0 to {MONTHS_MAX}, fine_fen from 0")
    if min(formula.new_shop.payments_min, formula.new_shop.payers_min) < 1:
        raise BadInput("$.new_shop: payments_min and payers_min from 1")
    return formula
