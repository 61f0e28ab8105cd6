"""What an institution's app brought, by month: claims, redemptions, pull ratio, new customers, monthly actives."""

import csv
import io
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from yongquan.institutions import apps_store
from yongquan.payments.views import amounts_of
from yongquan.plumbing.db import Connection
from yongquan.vouchers.platforms import platform_days


@dataclass(frozen=True, slots=True)
class AppReportMonth:
    """One month of an app. Amounts in fen; vouchers count in the month of their claim, whenever they were used.

    `order_fen` is what was bought with its vouchers before the discount. `new_to_platform` of `linked` citizens were
    registered through this app. `active` citizens linked, claimed, or paid through it in the month.
    """

    month: date
    claimed: int
    claimed_fen: int
    redeemed: int
    redeemed_fen: int
    order_fen: int
    linked: int
    new_to_platform: int
    active: int

    @property
    def redemption_bp(self) -> int | None:
        """Redeemed vouchers over claimed ones, basis points rounded down; None without claims."""
        return self.redeemed * 10_000 // self.claimed if self.claimed else None

    @property
    def pull_hundredths(self) -> int | None:
        """Order amount over redeemed subsidy, hundredths rounded down; None without redemptions."""
        return self.order_fen * 100 // self.redeemed_fen if self.redeemed_fen else None


async def report_app(connection: Connection, institution: str) -> list[AppReportMonth]:
    """The months of an app, newest first."""
    people = {month.month: month for month in await apps_store.months_of(connection, institution)}
    sums: defaultdict[date, list[int]] = defaultdict(lambda: [0, 0, 0, 0])
    payments: defaultdict[date, set[tuple[int, UUID]]] = defaultdict(set)
    for day in await platform_days(connection, institution):
        month = day.day.replace(day=1)
        counts = (day.claimed, day.claimed_fen, day.redeemed, day.redeemed_fen)
        sums[month] = [a + b for a, b in zip(sums[month], counts, strict=True)]
        payments[month] |= set(day.payments)
    return [
        AppReportMonth(
            month,
            sums[month][0],
            sums[month][1],
            sums[month][2],
            sums[month][3],
            order_fen=await amounts_of(connection, sorted(payments[month])),
            linked=people[month].linked if month in people else 0,
            new_to_platform=people[month].fresh if month in people else 0,
            active=people[month].active if month in people else 0,
        )
        for month in sorted({*people, *sums}, reverse=True)
    ]


def report_csv(months: Sequence[AppReportMonth]) -> str:
    """The report as a CSV file, amounts in fen."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(
        [
            *("month", "claimed", "claimed_fen", "redeemed", "redeemed_fen", "order_fen", "redemption_bp"),
            *("pull_hundredths", "linked", "new_to_platform", "active"),
        ]
    )
    for m in months:
        writer.writerow(
            [
                *(m.month.strftime("%Y-%m"), m.claimed, m.claimed_fen, m.redeemed, m.redeemed_fen, m.order_fen),
                *(m.redemption_bp, m.pull_hundredths, m.linked, m.new_to_platform, m.active),
            ]
        )
    return out.getvalue()
