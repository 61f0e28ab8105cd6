"""A closed day as one file for each institution's app: claims, payments, refunds, with counts and a fingerprint.

The format is published in docs/institutions.md. A file is produced once and kept; a day is cut where it was closed.
"""

import hashlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from yongquan.institutions import apps_store, files_store
from yongquan.institutions.files_store import DailyFile
from yongquan.kernel.errors import Refusal
from yongquan.payments.daily import DayMovement, closed_days, closed_window, movements_of
from yongquan.plumbing.db import Connection, Database
from yongquan.vouchers.platforms import PlatformClaim, claimed_through, vouchers_through

# Claims that were under way when the day was closed have committed by then.
SETTLES = timedelta(seconds=5)
DAYS_BACK = 10


class NotClosedYet(Refusal):
    """The day is not closed: its file exists after the night's clearing has begun."""

    code = "not_closed_yet"


@dataclass(frozen=True, slots=True)
class _Lines:
    claims: Sequence[PlatformClaim]
    movements: Sequence[DayMovement]
    open_ids: dict[UUID, UUID]


async def write_daily_files(database: Database, *, now: datetime) -> int:
    """Produce what is missing of the last closed days; says how many files were made."""
    made = 0
    async with database.transaction() as connection:
        days = await closed_days(connection, limit=DAYS_BACK)
        missing = [
            (app.institution, day)
            for app in await apps_store.apps(connection)
            for day in days
            if await files_store.daily_file(connection, app.institution, day) is None
        ]
    for institution, day in missing:
        async with database.transaction() as connection:
            try:
                await daily_file(connection, institution, day, now=now)
                made += 1
            except NotClosedYet:
                continue
    return made


async def daily_file(connection: Connection, institution: str, day: date, *, now: datetime) -> DailyFile:
    """The file of a day, produced now if it was not before. Raises `NotClosedYet`."""
    known = await files_store.daily_file(connection, institution, day)
    if known is not None:
        return known
    window = await closed_window(connection, day)
    if window is None or window[1] + SETTLES > now:
        raise NotClosedYet(f"{day} is not closed yet: ask again after the night's clearing")
    body = render(institution, day, await _lines(connection, institution, day, since=window[0], until=window[1]))
    rows = body.count(b"\n") - 2
    made = DailyFile(institution, day, body, rows, hashlib.sha256(body).hexdigest(), now)
    await files_store.save_daily_file(connection, made)
    return await files_store.daily_file(connection, institution, day) or made


def render(institution: str, day: date, lines: _Lines) -> bytes:
    """The file: header, a line an event, trailer with counts, sums and the SHA-256 of all that is above it."""
    text = [f"H|YQ-DAILY-1|{institution}|{day.isoformat()}"]
    for c in lines.claims:
        at = c.claimed_at.isoformat()
        open_id = lines.open_ids.get(c.citizen_id, "")
        text.append(f"C|{c.voucher_id}|{open_id}|{c.round_id}|{c.type_id}|{c.amount_fen}|{at}")
    for m in lines.movements:
        roles = "+".join(_roles(institution, m))
        text.append(
            f"{'P' if m.sign > 0 else 'R'}|{m.payment_id}|{lines.open_ids.get(m.citizen_id, '')}|{roles}|{m.store_id}"
            f"|{m.order_no}|{m.amount_fen}|{m.charged_fen}|{m.discount_fen}"
        )
    above = "".join(f"{line}\n" for line in text).encode()
    paid, back = ([m for m in lines.movements if m.sign == sign] for sign in (1, -1))
    counts = (len(lines.claims), sum(c.amount_fen for c in lines.claims), *_sums(paid), *_sums(back))
    return above + f"T|{'|'.join(map(str, counts))}|{hashlib.sha256(above).hexdigest()}\n".encode()


async def _lines(
    connection: Connection, institution: str, day: date, *, since: datetime | None, until: datetime
) -> _Lines:
    claims = await claimed_through(connection, institution, since=since, until=until)
    every = await movements_of(connection, day)
    through = await vouchers_through(connection, institution, [v for m in every for v in m.vouchers])
    own = [
        m.through_app() if through & set(m.vouchers) else m
        for m in every
        if institution in {m.issuer, m.acquirer} or through & set(m.vouchers)
    ]
    people = {c.citizen_id for c in claims} | {m.citizen_id for m in own}
    return _Lines(claims, own, await apps_store.open_ids_of(connection, institution, sorted(people)))


def _roles(institution: str, movement: DayMovement) -> list[str]:
    is_in = {
        "issuer": movement.issuer == institution,
        "acquirer": movement.acquirer == institution,
        "app": movement.is_through_app,
    }
    return [role for role, holds in is_in.items() if holds]


def _sums(movements: Iterable[DayMovement]) -> tuple[int, int, int, int]:
    rows = list(movements)
    return (
        len(rows),
        sum(m.amount_fen for m in rows),
        sum(m.charged_fen for m in rows),
        sum(m.discount_fen for m in rows),
    )
