"""Independent platforms: each has its share, its daily file is taken in, and one report is over all of them."""

import hashlib
from dataclasses import dataclass
from datetime import date, datetime

from yongquan.institutions import platforms_store as store
from yongquan.institutions.platforms import Platform, PlatformRow, RowError, read_rows
from yongquan.institutions.platforms_store import ImportedFile, PlatformSums
from yongquan.kernel.errors import Refusal
from yongquan.payments.views import amounts_of
from yongquan.plumbing.audit import AuditEntry, append
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import Role, Staff
from yongquan.vouchers.platforms import issued_by_funder

PLATFORM_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)


class UnknownPlatform(Refusal):
    """There is no such platform."""

    code = "not_found"


@dataclass(frozen=True, slots=True)
class Overrun:
    """Where a platform went beyond its share: budget, person or day; `is_` and `allowed` in fen or pieces."""

    kind: str
    allowed: int
    found: int
    people: int = 0
    day: date | None = None


@dataclass(frozen=True, slots=True)
class PlatformLine:
    """One platform in the report; `platform` None is this one, which counts its own vouchers live."""

    platform: Platform | None
    sums: PlatformSums
    overruns: tuple[Overrun, ...] = ()

    @property
    def redemption_bp(self) -> int | None:
        """Redeemed over issued vouchers, basis points; None before any was issued."""
        return self.sums.redeemed * 10_000 // self.sums.issued if self.sums.issued else None

    @property
    def pull_hundredths(self) -> int | None:
        """Order amount over redeemed subsidy, hundredths; None before any was redeemed."""
        return self.sums.order_fen * 100 // self.sums.subsidy_fen if self.sums.subsidy_fen > 0 else None


async def import_platform_day(
    connection: Connection, sealing: Sealing, platform: str, body: bytes, *, name: str, by: str, now: datetime
) -> ImportedFile:
    """Take a daily file in, in the caller's transaction: sound new rows are counted, the rest is said row by row.

    The same file again changes nothing and says the same. Raises `UnknownPlatform`.
    """
    file_hash = hashlib.sha256(platform.encode() + b"\n" + body).digest()
    rows, errors = read_rows(body)
    if platform not in {one.platform for one in await store.platforms(connection)}:
        raise UnknownPlatform(f"there is no platform {platform!r}")
    await store.lock_platform(connection, platform)
    known = await store.imported_file(connection, file_hash)
    if known is not None:
        return known
    fresh, repeated, more = await _sift(connection, platform, rows)
    people = {person: sealing.index(person, what="platform person") for person in {r.person for r in fresh}}
    await store.save_rows(connection, platform, file_hash, fresh, people)
    wrong = sorted([*errors, *more], key=lambda e: e.line)
    total = len(fresh) + repeated + len({e.line for e in wrong})
    made = ImportedFile(file_hash, platform, name, total, len(fresh), repeated, wrong, now)
    await store.save_file(connection, made, by=by)
    entry = AuditEntry(
        actor=by,
        action="platform.file_imported",
        subject=f"platform:{platform}",
        after={"file": name, "taken": len(fresh), "repeated": repeated, "errors": len(wrong)},
    )
    await append(connection, entry, now=now)
    return made


async def import_by_staff(
    database: Database, sealing: Sealing, staff: Staff, platform: str, body: bytes, *, name: str, now: datetime
) -> ImportedFile:
    """`import_platform_day` by a member of staff of the funder's area. Raises `Forbidden` besides."""
    async with database.transaction() as connection:
        found = next((one for one in await store.platforms(connection) if one.platform == platform), None)
        if found is None:
            raise UnknownPlatform(f"there is no platform {platform!r}")
        _, adcode = await store.area_of_funder(connection, found.funder_id)
        staff.require(*PLATFORM_ROLES, adcode=adcode)
        return await import_platform_day(connection, sealing, platform, body, name=name, by=staff.actor, now=now)


async def set_share(connection: Connection, platform: Platform, *, by: str, now: datetime) -> None:
    """Give a platform its share of a funder's budget and its caps. Raises `UnknownPlatform` for an unknown funder."""
    exists, _ = await store.area_of_funder(connection, platform.funder_id)
    if not exists:
        raise UnknownPlatform(f"there is no funder {platform.funder_id!r}")
    await store.save_platform(connection, platform, now=now)
    entry = AuditEntry(
        actor=by,
        action="platform.share_set",
        subject=f"platform:{platform.platform}",
        after={
            "budget_fen": platform.budget_fen,
            "cap_per_person": platform.cap_per_person,
            "cap_per_day_fen": platform.cap_per_day_fen,
        },
    )
    await append(connection, entry, now=now)


async def report_platforms(connection: Connection, funder_id: str) -> list[PlatformLine]:
    """All platforms that issue a funder's vouchers, this one first."""
    sums = await store.sums(connection)
    own = await issued_by_funder(connection, funder_id)
    order_fen = await amounts_of(connection, own.payments)
    ours = PlatformSums(own.issued, own.issued_fen, own.redeemed, order_fen, own.redeemed_fen, own.people)
    lines = [PlatformLine(None, ours)]
    for platform in await store.platforms(connection):
        if platform.funder_id == funder_id:
            told = sums.get(platform.platform, PlatformSums())
            lines.append(PlatformLine(platform, told, tuple(await _overruns(connection, platform, told))))
    return lines


async def _sift(
    connection: Connection, platform: str, rows: list[PlatformRow]
) -> tuple[list[PlatformRow], int, list[RowError]]:
    """New rows, how many were known, and rows that contradict what was taken before."""
    known = await store.known_rows(connection, platform, [r.row_id for r in rows])
    issued = await store.issued_vouchers(connection, platform, [r.voucher_no for r in rows])
    issued |= {r.voucher_no for r in rows if r.kind == "issued"}
    fresh, repeated, errors = [], 0, []
    for row in rows:
        if row.row_id in known and known[row.row_id] == row.row_hash:
            repeated += 1
        elif row.row_id in known:
            errors.append(RowError(row.line, "row_id", f"{row.row_id} was reported before with other facts"))
        elif row.voucher_no not in issued:
            errors.append(RowError(row.line, "voucher_no", f"{row.voucher_no} was never reported as issued"))
        else:
            fresh.append(row)
    return fresh, repeated, errors


async def _overruns(connection: Connection, platform: Platform, told: PlatformSums) -> list[Overrun]:
    found = []
    if told.issued_fen > platform.budget_fen:
        found.append(Overrun("budget", platform.budget_fen, told.issued_fen))
    if platform.cap_per_person is not None:
        people, most = await store.people_over_cap(connection, platform.platform, platform.cap_per_person)
        if people:
            found.append(Overrun("person", platform.cap_per_person, most, people=people))
    if platform.cap_per_day_fen is not None:
        for day, issued_fen in await store.days_over_cap(connection, platform.platform, platform.cap_per_day_fen):
            found.append(Overrun("day", platform.cap_per_day_fen, issued_fen, day=day))
    return found
