"""Staff sign in with password and code; sessions end when they should."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from uuid import UUID

import psycopg
import pyotp
import pytest

from yongquan.kernel.errors import BadInput, Refusal
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing
from yongquan.staff import (
    LockedOut,
    NewStaff,
    Role,
    RoleGrant,
    SignedOut,
    SignInRefused,
    StaffDesk,
)

NOW = datetime(2022, 2, 28, 2, tzinfo=UTC)
TOTP = pyotp.random_base32()
PASSWORD = "correct horse battery"
CHEN = NewStaff(
    login="Chen",
    name="陈一",
    grants=(RoleGrant(Role.BUREAU_OFFICER, adcode="330203"), RoleGrant(Role.AUDITOR)),
)


def code_at(moment: datetime) -> str:
    return pyotp.TOTP(TOTP).at(moment)


async def enrolled(database: Database, sealing: Sealing) -> tuple[StaffDesk, UUID]:
    desk = StaffDesk(database, sealing)
    enrolment = await desk.enrol(CHEN, password=PASSWORD, by="command", now=NOW, totp_secret=TOTP)
    return desk, enrolment.staff_id


async def sign_in(desk: StaffDesk, *, now: datetime = NOW, **other: str) -> str:
    facts = {"login": "chen", "password": PASSWORD, "code": code_at(now), **other}
    return await desk.sign_in(now=now, **facts)


def test_a_member_who_signed_in_is_known_by_the_session(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk, staff_id = await enrolled(database, sealing)

        staff = await desk.staff_of_session(await sign_in(desk, login=" CHEN "), now=NOW)

        assert (staff.staff_id, staff.login, staff.name) == (staff_id, "chen", "陈一")
        assert staff.grants == set(CHEN.grants)

    run(story)


@pytest.mark.parametrize("wrong", [{"login": "nobody"}, {"password": "x" * 12}, {"code": "000000"}, {"code": ""}])
def test_a_wrong_login_password_or_code_is_refused_alike(
    run: Callable[..., None], sealing: Sealing, wrong: dict[str, str]
) -> None:
    async def story(database: Database) -> None:
        desk, _ = await enrolled(database, sealing)

        with pytest.raises(SignInRefused):
            await sign_in(desk, **wrong)

    run(story)


def test_a_code_works_once_and_an_earlier_one_no_more(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk, _ = await enrolled(database, sealing)
        await sign_in(desk)

        with pytest.raises(SignInRefused):
            await sign_in(desk)
        with pytest.raises(SignInRefused):
            await sign_in(desk, code=code_at(NOW - timedelta(seconds=30)))
        await sign_in(desk, now=NOW + timedelta(seconds=30))

    run(story)


def test_five_failures_lock_the_login_for_a_quarter_of_an_hour(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk, _ = await enrolled(database, sealing)
        for _ in range(5):
            with pytest.raises(SignInRefused):
                await sign_in(desk, code="000000")

        with pytest.raises(LockedOut):
            await sign_in(desk)
        with pytest.raises(LockedOut):
            await sign_in(desk, now=NOW + timedelta(minutes=14))
        await sign_in(desk, now=NOW + timedelta(minutes=15))

    run(story)


def test_a_success_forgets_the_failures_before_it(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk, _ = await enrolled(database, sealing)
        for start in range(2):
            for _ in range(4):
                with pytest.raises(SignInRefused):
                    await sign_in(desk, code="000000")
            await sign_in(desk, now=NOW + timedelta(minutes=start))

    run(story)


def test_attempts_made_at_once_are_all_counted(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk, _ = await enrolled(database, sealing)

        outcomes = await asyncio.gather(*(sign_in(desk, code="000000") for _ in range(12)), return_exceptions=True)

        assert all(isinstance(outcome, Refusal) for outcome in outcomes)
        assert sum(isinstance(outcome, SignInRefused) for outcome in outcomes) == 5

    run(story)


def test_a_session_ends_after_twelve_hours(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk, _ = await enrolled(database, sealing)
        token = await sign_in(desk)

        await desk.staff_of_session(token, now=NOW + timedelta(hours=12, seconds=-1))
        with pytest.raises(SignedOut):
            await desk.staff_of_session(token, now=NOW + timedelta(hours=12))

    run(story)


@pytest.mark.parametrize("how", ["sign_out", "revoke", "let_go"])
def test_an_ended_session_is_over_at_once(run: Callable[..., None], sealing: Sealing, how: str) -> None:
    async def story(database: Database) -> None:
        desk, staff_id = await enrolled(database, sealing)
        token = await sign_in(desk)

        if how == "sign_out":
            await desk.sign_out(token)
        elif how == "revoke":
            await desk.revoke_sessions(staff_id, by="staff:1", now=NOW)
        else:
            await desk.let_go(staff_id, by="staff:1", now=NOW)

        with pytest.raises(SignedOut):
            await desk.staff_of_session(token, now=NOW)

    run(story)


def test_a_member_who_left_cannot_sign_in(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk, staff_id = await enrolled(database, sealing)
        await desk.let_go(staff_id, by="staff:1", now=NOW)

        with pytest.raises(SignInRefused):
            await sign_in(desk)

    run(story)


def test_nothing_secret_is_stored_plain(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk, _ = await enrolled(database, sealing)
        token = await sign_in(desk)

        async with database.transaction() as connection:
            rows = await connection.execute(
                "select m::text || s::text || a::text from staff.member m, staff.session s, plumbing.audit a"
            )
            stored = str(await rows.fetchall())

        assert "$argon2id$" in stored
        for secret in (PASSWORD, TOTP, token, "陈一"):
            assert secret not in stored

    run(story)


def test_enrolment_is_audited(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        _, staff_id = await enrolled(database, sealing)

        async with database.transaction() as connection:
            rows = await connection.execute("select actor, action, subject, after from plumbing.audit")
            entry = await rows.fetchone()

        grants = ["bureau_officer/330203/all", "auditor/all/all"]
        assert entry == ("command", "staff.enrolled", f"staff:{staff_id}", {"login": "chen", "grants": grants})

    run(story)


def test_a_login_is_given_once_and_a_short_password_is_not_taken(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk, _ = await enrolled(database, sealing)

        with pytest.raises(psycopg.errors.UniqueViolation):
            await desk.enrol(CHEN, password=PASSWORD, by="command", now=NOW)
        with pytest.raises(BadInput, match="use 12 or more"):
            await desk.enrol(CHEN, password="short", by="command", now=NOW)

    run(story)


def test_a_seat_ends_when_its_time_is_over(run: Callable[..., None], sealing: Sealing) -> None:
    async def story(database: Database) -> None:
        desk = StaffDesk(database, sealing)
        seat = RoleGrant(Role.AUDITOR, institution="bureau", valid_until=NOW + timedelta(hours=1))
        person = NewStaff(login="chen", name="审", grants=(seat,))
        await desk.enrol(person, password=PASSWORD, by="command", now=NOW, totp_secret=TOTP)
        token = await sign_in(desk)

        before = await desk.staff_of_session(token, now=NOW)
        after = await desk.staff_of_session(token, now=NOW + timedelta(hours=1))

        assert (before.grants, after.grants) == ({seat}, frozenset())

    run(story)
