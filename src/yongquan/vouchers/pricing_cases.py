"""The JSON Lines form of pricing cases: reads each case strictly, prices it, gives back a plain answer.

A misspelled field would quietly change a price, so a field that a kind does not know is refused.
"""

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from yongquan.kernel.errors import BadInput
from yongquan.plumbing.json_lines import FieldError, read_line
from yongquan.vouchers import pricing

Count = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
Size = Annotated[int, msgspec.Meta(ge=1, le=2**63 - 1)]
Rate = Annotated[int, msgspec.Meta(ge=0, le=10_000)]
Priority = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]


class _Strict(msgspec.Struct, forbid_unknown_fields=True):
    """A part of a case that refuses fields it does not know."""


class _LineForm(_Strict):
    sku: str
    unit_fen: Count
    qty: Count
    tags: list[str] | None = None
    selected: bool = True
    floor_fen: Count | None = None


class _CartForm(_Strict):
    lines: list[_LineForm]


class _ScopeForm(_Strict):
    tags: list[str] | None = None
    skus: list[str] | None = None


class _OfferForm(_Strict, tag_field="kind", kw_only=True):
    id: str
    priority: Priority = 0
    exclusive: bool = False
    funder: str | None = None
    threshold_fen: Count | None = None
    min_qty: Count | None = None
    scope: _ScopeForm | None = None
    cap_fen: Count | None = None
    expires_at: str | None = None


class _AmountOffForm(_OfferForm, tag="amount_off"):
    amount_fen: Count

    def deal(self) -> pricing.Deal:
        return pricing.AmountOff(self.amount_fen)


class _PercentOffForm(_OfferForm, tag="percent_off"):
    rate_bp: Rate

    def deal(self) -> pricing.Deal:
        return pricing.PercentOff(self.rate_bp)


class _TieredOffForm(_OfferForm, tag="tiered_off"):
    tiers: list[tuple[Count, Count]]

    def deal(self) -> pricing.Deal:
        return pricing.TieredOff(tuple(self.tiers))


class _PerUnitOffForm(_OfferForm, tag="per_unit_off"):
    amount_fen: Count

    def deal(self) -> pricing.Deal:
        return pricing.PerUnitOff(self.amount_fen)


class _BundlePriceForm(_OfferForm, tag="bundle_price"):
    qty: Size
    price_fen: Count

    def deal(self) -> pricing.Deal:
        return pricing.BundlePrice(qty=self.qty, price_fen=self.price_fen)


class _NthFreeForm(_OfferForm, tag="nth_free"):
    n: Size

    def deal(self) -> pricing.Deal:
        return pricing.NthFree(self.n)


class _ExchangeForm(_OfferForm, tag="exchange"):
    def deal(self) -> pricing.Deal:
        return pricing.Exchange()


_AnyOfferForm = (
    _AmountOffForm
    | _PercentOffForm
    | _TieredOffForm
    | _PerUnitOffForm
    | _BundlePriceForm
    | _NthFreeForm
    | _ExchangeForm
)


class _CaseForm(_Strict):
    cart: _CartForm
    offers: list[_AnyOfferForm]
    id: str | int | None = None
    choose: Literal["all", "best"] = "all"
    max_per_funder: dict[str, Count] | None = None
    why: object = None
    expect: object = None


_decoder = msgspec.json.Decoder(_CaseForm)


def price_lines(path: Path) -> Iterator[dict[str, object]]:
    """Price each case of a file, one JSON-able answer each; blank lines are skipped.

    Raises `BadInput` naming file, line and field at the first line that cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield _price_case(read_line(_read, line, where=f"{path}:{number}"))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error


def _read(line: bytes) -> "_Case":
    return _Case.of(_decoder.decode(line))


class _Case(msgspec.Struct, frozen=True):
    """A case in the calculator's own nouns."""

    case_id: str | int | None
    cart: pricing.Cart
    offers: list[pricing.Offer]
    choose: pricing.Choice
    max_per_funder: dict[str, int]

    @classmethod
    def of(cls, form: _CaseForm) -> "_Case":
        seen: set[str] = set()
        for number, offer in enumerate(form.offers):
            if offer.id in seen:
                raise FieldError(f"offers[{number}].id", f"{offer.id!r} names an earlier offer too")
            seen.add(offer.id)
        return cls(
            case_id=form.id,
            cart=pricing.Cart(tuple([_line(line) for line in form.cart.lines])),
            offers=[_offer(offer, number=number) for number, offer in enumerate(form.offers)],
            choose=pricing.Choice(form.choose),
            max_per_funder=form.max_per_funder or {},
        )


def _line(form: _LineForm) -> pricing.Line:
    return pricing.Line(
        sku=form.sku,
        unit_fen=form.unit_fen,
        qty=form.qty,
        tags=frozenset(form.tags or ()),
        selected=form.selected,
        floor_fen=form.floor_fen or 0,
    )


def _offer(form: _AnyOfferForm, *, number: int) -> pricing.Offer:
    scope = form.scope or _ScopeForm()
    return pricing.Offer(
        offer_id=form.id,
        deal=form.deal(),
        priority=form.priority,
        exclusive=form.exclusive,
        funder=form.funder,
        threshold_fen=form.threshold_fen or 0,
        min_qty=form.min_qty or 0,
        scope=pricing.Scope(
            tags=None if scope.tags is None else frozenset(scope.tags),
            skus=None if scope.skus is None else frozenset(scope.skus),
        ),
        cap_fen=form.cap_fen,
        expires_at=_instant(form.expires_at, field=f"offers[{number}].expires_at"),
    )


def _instant(text: str | None, *, field: str) -> datetime | None:
    if text is None:
        return None
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise FieldError(field, f"{text!r} is not an ISO 8601 time") from error
    if instant.tzinfo is None:
        raise FieldError(field, f"{text!r} has no offset, such as +08:00")
    return instant


def _price_case(case: _Case) -> dict[str, object]:
    priced = pricing.price(case.cart, case.offers, choose=case.choose, max_per_funder=case.max_per_funder)
    lines = zip(case.cart.lines, priced.lines_fen, strict=True)
    return {
        "id": case.case_id,
        "discount_fen": priced.discount_fen,
        "payable_fen": priced.payable_fen,
        "lines": [{"sku": line.sku, "discount_fen": fen} for line, fen in lines],
        "by_funder": dict(priced.by_funder),
        "applied": [{"offer": part.offer_id, "discount_fen": part.discount_fen} for part in priced.applied],
        "rejected": {offer_id: reason.value for offer_id, reason in priced.rejected.items()},
    }
