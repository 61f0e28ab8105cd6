"""What a document must hold beyond its shape: order of times, unique keys, money enough. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any
from uuid import UUID

from yongquan.kernel.money import BASIS_POINTS
from yongquan.vouchers.documents_check import parts
from yongquan.vouchers.documents_faults import Fault
from yongquan.vouchers.documents_fields import CAMPAIGN, ROUND, TYPE
from yongquan.vouchers.documents_kinds import read_amount, read_moment, read_percent, write_amount, write_moment
from yongquan.vouchers.documents_rules_ways import ways_faults
from yongquan.vouchers.documents_yaml import Marked, Path, path_name
from yongquan.vouchers.limits import Over, Period

if TYPE_CHECKING:
    from yongquan.vouchers.documents import CampaignDocument


def check_rules(marked: Marked, document: "CampaignDocument") -> list[Fault]:
    """The faults of a document whose shape is right, in the order they stand in."""
    faults = [
        *_times(marked),
        *_types(marked),
        *_terms(marked),
        *ways_faults(marked),
        *_keys(marked),
        *_ids(marked),
        *_money(marked, document),
    ]
    if not document.rounds:
        faults.append(Fault(*marked.place(()), "rounds", "no_rounds", {}))
    return sorted(faults, key=lambda fault: (fault.line, fault.column))


def _times(marked: Marked) -> Iterator[Fault]:
    top = marked.values
    start, end = read_moment(top["starts_at"]), read_moment(top["ends_at"])
    if end <= start:
        yield _fault(marked, ("ends_at",), "ends_first", start="starts_at", end="ends_at")
        return
    span = {"start": write_moment(start), "end": write_moment(end)}
    for record, path, values in parts(top):
        if record is not ROUND:
            continue
        opens, closes = read_moment(values["opens_at"]), read_moment(values["closes_at"])
        if closes <= opens:
            yield _fault(marked, (*path, "closes_at"), "ends_first", start="opens_at", end="closes_at")
        if not start <= opens <= end:
            yield _fault(marked, (*path, "opens_at"), "outside", **span)
        elif closes > end:
            yield _fault(marked, (*path, "closes_at"), "outside", **span)


def _types(marked: Marked) -> Iterator[Fault]:
    for record, path, values in parts(marked.values):
        if record is not TYPE:
            continue
        if "valid_until" not in values and "valid_days" not in values:
            yield _fault(marked, path, "no_end")
        if {"valid_from", "valid_until"} <= values.keys() and read_moment(values["valid_until"]) <= read_moment(
            values["valid_from"]
        ):
            yield _fault(marked, (*path, "valid_until"), "ends_first", start="valid_from", end="valid_until")
        amount, threshold = read_amount(values["amount"]), read_amount(values["threshold"])
        if amount == 0:
            yield _fault(marked, (*path, "amount"), "too_small", value=values["amount"], bound="0.01元")
        if "rate" not in values and 0 < threshold < amount:
            facts = {"amount": values["amount"], "threshold": values["threshold"]}
            yield _fault(marked, (*path, "amount"), "above_threshold", **facts)


def _terms(marked: Marked) -> Iterator[Fault]:
    """Conditions, limits and shares: what one part of them asks of another."""
    groups = {
        group for record, _, values in parts(marked.values) if record is TYPE for group in values.get("groups", ())
    }
    for record, path, values in parts(marked.values):
        for where, inner in (("conditions", values.get("conditions", {})), ("use", values.get("use", {}))):
            starts, _, ends = inner.get("daily", "").partition("-")
            if starts and starts == ends:
                yield _fault(marked, (*path, where, "daily"), "ends_first", start=starts, end=ends)
        asked = values.get("conditions", {})
        if "list_tier" in asked and "list_id" not in asked:
            yield _fault(marked, (*path, "conditions", "list_tier"), "needs", key="list_id")
        if asked.get("age_max", 999) < asked.get("age_min", 0):
            bound = asked["age_min"]
            yield _fault(marked, (*path, "conditions", "age_max"), "too_small", value=asked["age_max"], bound=bound)
        for where in ("caps", "use"):
            for n, limit in enumerate(values.get(where, {}).get("limits", ())):
                yield from _limit(marked, (*path, where, "limits", n), limit, groups)
        if record is TYPE and "shares" in values:
            yield from _shares(marked, (*path, "shares"), values["shares"])


def _limit(marked: Marked, path: Path, limit: Mapping[str, Any], groups: set[str]) -> Iterator[Fault]:
    """A limit over a misspelt group would bound nobody; only a limit of all campaigns may speak of another's group."""
    if "group" not in limit:
        return
    if limit.get("over") != Over.GROUP:
        yield _fault(marked, (*path, "group"), "needs", key="over: group")
    elif limit["group"] not in groups and limit["period"] != Period.LIFETIME:
        options = ", ".join(sorted(groups)) or "-"
        yield _fault(marked, (*path, "group"), "not_one_of", value=limit["group"], options=options)


def _shares(marked: Marked, path: Path, shares: Sequence[Mapping[str, Any]]) -> Iterator[Fault]:
    whole = sum(read_percent(share["share"]) for share in shares)
    if whole != BASIS_POINTS:
        yield _fault(marked, path, "not_whole", sum=f"{whole / 100:g}%")
    seen: set[str] = set()
    for n, share in enumerate(shares):
        if share["funder"] in seen:
            yield _fault(marked, (*path, n, "funder"), "not_unique")
        seen.add(share["funder"])


def _keys(marked: Marked) -> Iterator[Fault]:
    """Rounds share one list of keys wherever they stand; types have one a round."""
    seen: dict[tuple[object, ...], int] = {}
    for record, path, values in parts(marked.values):
        if record is CAMPAIGN:
            continue
        scope = (record.noun, path[:-1] if record is TYPE else (), values["key"])
        line = marked.place((*path, "key"))[0]
        if scope in seen:
            yield _fault(marked, (*path, "key"), "same_key", key=values["key"], line=seen[scope])
        seen.setdefault(scope, line)


def _ids(marked: Marked) -> Iterator[Fault]:
    seen: dict[UUID, int] = {}
    for _, path, values in parts(marked.values):
        if "id" not in values:
            continue
        id_ = UUID(values["id"])
        if id_ in seen:
            yield _fault(marked, (*path, "id"), "same_id", line=seen[id_])
        seen.setdefault(id_, marked.place((*path, "id"))[0])


def _money(marked: Marked, document: "CampaignDocument") -> Iterator[Fault]:
    exposure, budget = document.exposure_fen, document.campaign.budget_fen
    if exposure > budget:
        facts = {"exposure": write_amount(exposure), "budget": write_amount(budget)}
        yield _fault(marked, ("budget",), "over_budget", **facts)


def check_places(
    text_marked: Marked, *, funders: frozenset[str], places: frozenset[str], industries: Mapping[str, Any]
) -> list[Fault]:
    """What only the platform knows: its funders, divisions and industries."""
    return sorted(
        _known(text_marked, funders=funders, places=places, industries=industries), key=lambda f: (f.line, f.column)
    )


def _known(
    marked: Marked, *, funders: frozenset[str], places: frozenset[str], industries: Mapping[str, Any]
) -> Iterator[Fault]:
    for _, path, values in parts(marked.values):
        if values.get("funder", next(iter(funders), "")) not in funders and "funder" in values:
            yield _fault(marked, (*path, "funder"), "unknown_funder")
        for n, share in enumerate(values.get("shares", ())):
            if share["funder"] not in funders:
                yield _fault(marked, (*path, "shares", n, "funder"), "unknown_funder")
        if "place" in values and values["place"] not in places:
            yield _fault(marked, (*path, "place"), "unknown_place")
        if "industry" in values and values["industry"] not in industries:
            yield _fault(marked, (*path, "industry"), "unknown_industry", options=", ".join(industries))
        for where, listed in ((("districts",), values), (("conditions", "districts"), values.get("conditions", {}))):
            for n, adcode in enumerate(listed.get("districts", ())):
                if adcode not in places:
                    yield _fault(marked, (*path, *where, n), "unknown_place")


def _fault(marked: Marked, path: Path, code: str, **facts: Any) -> Fault:
    return Fault(*marked.place(path), path_name(path), code, facts)
