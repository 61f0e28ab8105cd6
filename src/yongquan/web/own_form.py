"""The design of a shop's own voucher as a form sends it: yuan, percent, days, a line of goods; the same everywhere."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from starlette.datastructures import FormData

from yongquan.kernel.money import yuan
from yongquan.vouchers.own_model import BadDesign, Design, OwnKind

_YUAN = re.compile(r"(\d{1,7})(?:\.(\d{1,2}))?")
_BETWEEN = re.compile(r"[,，、;；\s]+")
FIELDS = ("name", "name_en", "kind", "amount", "threshold", "rate", "tags", "skus", "stock", "per_person")
DAYS = ("starts_on", "ends_on")


@dataclass(frozen=True, slots=True)
class Typed:
    """What was typed, to be shown again."""

    texts: Mapping[str, str]
    stores: Sequence[str]

    @classmethod
    def of_form(cls, form: FormData) -> "Typed":
        texts = {name: str(form.get(name, "")).strip() for name in (*FIELDS, *DAYS, "bank")}
        return cls(texts, [str(store) for store in form.getlist("stores")])

    @classmethod
    def of_design(cls, d: Design) -> "Typed":
        texts = {
            "name": d.name,
            "name_en": d.name_en,
            "kind": d.kind.value,
            "amount": yuan(d.amount_fen).replace(",", ""),
            "threshold": yuan(d.threshold_fen).replace(",", ""),
            "rate": "" if d.rate_bp is None else f"{d.rate_bp / 100:g}",
            "tags": "、".join(d.tags),
            "skus": "、".join(d.skus),
            "stock": str(d.stock),
            "per_person": str(d.per_person),
            "starts_on": d.starts_on.isoformat(),
            "ends_on": d.ends_on.isoformat(),
            "bank": d.bank,
        }
        return cls(texts, [str(store) for store in d.stores])

    @classmethod
    def fresh(cls, *, today: date, until: date, stores: Sequence[UUID], bank: str) -> "Typed":
        texts = dict.fromkeys(FIELDS, "")
        texts |= {"kind": OwnKind.AMOUNT_OFF.value, "stock": "100", "per_person": "1", "bank": bank}
        texts |= {"starts_on": today.isoformat(), "ends_on": until.isoformat()}
        return cls(texts, [str(store) for store in stores])

    def design(self) -> Design:
        """Raises `BadDesign` for a field that cannot be read, or cannot be so."""
        t = self.texts
        kind = OwnKind(t["kind"]) if t["kind"] in set(OwnKind) else None
        if kind is None:
            raise BadDesign("kind", "one of amount_off, percent_off, exchange")
        design = Design(
            name=t["name"],
            name_en=t["name_en"],
            kind=kind,
            amount_fen=_hundredths("amount", t["amount"]),
            threshold_fen=_hundredths("threshold", t["threshold"] or "0"),
            rate_bp=_hundredths("rate", t["rate"]) if kind is OwnKind.PERCENT_OFF else None,
            tags=_goods(t["tags"]),
            skus=_goods(t["skus"]),
            stock=_count("stock", t["stock"]),
            per_person=_count("per_person", t["per_person"]),
            starts_on=_day("starts_on", t["starts_on"]),
            ends_on=_day("ends_on", t["ends_on"]),
            stores=tuple(sorted({_store(store) for store in self.stores})),
            bank=t["bank"],
        )
        design.check()
        return design


def _hundredths(field: str, text: str) -> int:
    found = _YUAN.fullmatch(text.replace(",", ""))
    if found is None:
        raise BadDesign(field, "a number with at most two decimals")
    return int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))


def _count(field: str, text: str) -> int:
    if not text.isascii() or not text.isdigit() or len(text) > len("1000000"):
        raise BadDesign(field, "a whole number")
    return int(text)


def _day(field: str, text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadDesign(field, "a day, YYYY-MM-DD") from error


def _store(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadDesign("stores", "not a store") from error


def _goods(text: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, _BETWEEN.split(text))))
