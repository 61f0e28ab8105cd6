"""Limits in the words of a campaign: how many vouchers one citizen may claim, and use, of what and in which period.

Groups are named sets of voucher types: a type lists the groups it is in (`VoucherType.groups`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Period(StrEnum):
    """In which time a limit counts; days are business days of Asia/Shanghai."""

    ROUND = "round"
    DAY = "day"  # in the campaign
    CAMPAIGN = "campaign"
    LIFETIME = "lifetime"  # in every campaign


class Over(StrEnum):
    """What a limit adds up."""

    ALL = "all"
    INDUSTRY = "industry"  # each industry by itself
    TYPE = "type"  # each voucher type by itself
    GROUP = "group"  # the named group; without a name each group by itself


class Counting(StrEnum):
    """Whether a limit counts vouchers, or the different industries or groups they are of (zones)."""

    VOUCHERS = "vouchers"
    INDUSTRIES = "industries"
    GROUPS = "groups"


class DeviceScope(StrEnum):
    """Where a device serves one citizen only: the first who got a voucher with it."""

    ROUND = "round"
    CAMPAIGN = "campaign"


@dataclass(frozen=True, slots=True)
class ClaimCap:
    """One citizen claims at most `most`; `per_platform` counts each app by itself, else all apps together."""

    most: int
    period: Period
    over: Over = Over.ALL
    group: str | None = None
    counts: Counting = Counting.VOUCHERS
    per_platform: bool = False


@dataclass(frozen=True, slots=True)
class UseCap:
    """One citizen uses at most `most`; `per_merchant` counts each merchant (licence) by itself.

    With `everyone` all citizens together use at most `most`: a total of each merchant, or of the types' shop group.
    """

    most: int
    period: Period
    over: Over = Over.ALL
    group: str | None = None
    per_merchant: bool = False
    everyone: bool = False
