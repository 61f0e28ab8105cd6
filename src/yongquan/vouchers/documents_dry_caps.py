"""How many vouchers of a dry run one citizen may keep, and use: the caps of claims and of use on one day. Pure."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import TypeAlias
from uuid import UUID

from yongquan.vouchers.limits import ClaimCap, Counting, Over, Period, UseCap
from yongquan.vouchers.model import Caps, Round, VoucherType

Scope: TypeAlias = tuple[object, ...]


def within_caps(won: Sequence[Sequence[VoucherType]], rounds: Mapping[UUID, Round]) -> list[Sequence[VoucherType]]:
    """The claims one citizen may keep of those won, in the order of their lots.

    A claim brings one voucher or a pack; caps let its first voucher in or not, and count all of them. All are claimed
    on one day and through one app, so that a lifetime's cap counts the campaign.
    """
    kept: list[Sequence[VoucherType]] = []
    counts: Counter[Scope] = Counter()
    kinds: defaultdict[Scope, set[object]] = defaultdict(set)
    for claim in won:
        type_ = claim[0]
        caps = rounds[type_.round_id].caps
        plain = list(_plain(caps, type_))
        fine = [(cap, scope) for cap in caps.rules for scope in _scopes(cap, type_)]
        if any(counts[scope] >= most for most, scope in plain) or any(
            _is_reached(cap, type_, counts[scope], kinds[scope]) for cap, scope in fine
        ):
            continue
        kept.append(claim)
        for brought in claim:
            _count(brought, counts, kinds)
    return kept


def _count(type_: VoucherType, counts: Counter[Scope], kinds: defaultdict[Scope, set[object]]) -> None:
    scopes = _all_scopes(type_)
    counts.update(scopes)
    for counting in (Counting.INDUSTRIES, Counting.GROUPS):
        for scope in scopes:
            kinds[counting, *scope].update(_kinds(counting, type_))


class Uses:
    """What one citizen has used that day, for the caps of use; a lifetime's cap counts the campaign."""

    def __init__(self) -> None:
        self._counts: Counter[Scope] = Counter()

    def room(self, type_: VoucherType, merchant: str) -> int | None:
        """How many more of a type may be used at a merchant; None is any number."""
        return min(
            (
                max(0, cap.most - self._counts[(*scope, merchant) if cap.per_merchant else scope])
                for cap in type_.use.caps
                for scope in _use_scopes(cap, type_)
            ),
            default=None,
        )

    def note(self, type_: VoucherType, merchant: str) -> None:
        """One more was used."""
        scopes = _all_scopes(type_)
        self._counts.update([*scopes, *((*scope, merchant) for scope in scopes)])


def _use_scopes(cap: UseCap, type_: VoucherType) -> Iterator[Scope]:
    period: Scope = (Period.ROUND, type_.round_id) if cap.period is Period.ROUND else (Period.CAMPAIGN,)
    for over in _overs(type_):
        if over[0] is cap.over and (cap.group is None or cap.group == over[-1]):
            yield period + over


def _plain(caps: Caps, type_: VoucherType) -> Iterator[tuple[int, Scope]]:
    numbers = (
        (caps.per_round, (Period.ROUND, type_.round_id, Over.ALL)),
        (caps.per_day, (Period.CAMPAIGN, Over.ALL)),
        (caps.per_campaign, (Period.CAMPAIGN, Over.ALL)),
        (caps.per_industry, (Period.CAMPAIGN, Over.INDUSTRY, type_.industry)),
        (caps.per_industry_round, (Period.ROUND, type_.round_id, Over.INDUSTRY, type_.industry)),
    )
    for most, scope in numbers:
        if most is not None:
            yield most, scope


def _scopes(cap: ClaimCap, type_: VoucherType) -> Iterator[Scope]:
    """What a cap has to count for one more voucher of a type; a cap without a group's name counts each group."""
    period: Scope = (Period.ROUND, type_.round_id) if cap.period is Period.ROUND else (Period.CAMPAIGN,)
    first: Scope = () if cap.counts is Counting.VOUCHERS else (cap.counts,)
    for over in _overs(type_):
        if over[0] is cap.over and (cap.group is None or cap.group == over[-1]):
            yield first + period + over


def _all_scopes(type_: VoucherType) -> list[Scope]:
    periods: tuple[Scope, ...] = ((Period.ROUND, type_.round_id), (Period.CAMPAIGN,))
    return [period + over for period in periods for over in _overs(type_)]


def _overs(type_: VoucherType) -> list[Scope]:
    single: list[Scope] = [(Over.ALL,), (Over.INDUSTRY, type_.industry), (Over.TYPE, type_.type_id)]
    return single + [(Over.GROUP, group) for group in type_.groups]


def _is_reached(cap: ClaimCap, type_: VoucherType, count: int, kinds: set[object]) -> bool:
    if cap.counts is Counting.VOUCHERS:
        return count >= cap.most
    return len(kinds) >= cap.most and kinds.isdisjoint(_kinds(cap.counts, type_))


def _kinds(counting: Counting, type_: VoucherType) -> Sequence[object]:
    return type_.groups if counting is Counting.GROUPS else (type_.industry,)
