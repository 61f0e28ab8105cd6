"""Day files of real sandbox banks and of shops are held against our payments; cases live on."""

import asyncio
from datetime import timedelta
from pathlib import Path
from uuid import UUID

import pytest
from clearing_world import BUREAU, DAY, NOON, World, city, outside

from yongquan.flows.reconcile_file import UnknownParty, fetch_and_reconcile, our_file, reconcile_file
from yongquan.flows.work_case import CaseStep, work_case
from yongquan.payments.case_store import Case, CaseFilter, case_of, cases_listed, notes_of
from yongquan.payments.reconciliation import Fate
from yongquan.payments.reconciliation_cases import CaseState
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.model import ForbiddenMove

FINANCE = Staff(UUID(int=7), "f", "财务", frozenset({RoleGrant(Role.FINANCE)}))
NOTARY = Staff(UUID(int=8), "n", "公证", frozenset({RoleGrant(Role.NOTARY)}))


async def cases(world: World, **wanted: object) -> list[Case]:
    async with world.platform.database.transaction() as connection:
        return await cases_listed(connection, CaseFilter(**wanted))  # type: ignore[arg-type]


async def send(world: World, content: bytes) -> dict[str, list[tuple[str, str]]]:
    """Reconcile a file; its day's cases by state, as fate and key."""
    report = await reconcile_file(world.platform.database, content, actor="command:test", now=NOON)
    found: dict[str, list[tuple[str, str]]] = {}
    for case in await cases(world, party=report.party, day=report.day):
        found.setdefault(case.state.value, []).append((case.difference.fate.value, case.difference.key))
    return found


def with_lines(content: bytes, lines: list[str]) -> bytes:
    """The same file with other rows, its head set right."""
    head = content.decode().split("\n")[0].split(",")
    sums = [str(len(lines)), str(sum(int(line.split(",")[3]) for line in lines))]
    return "\n".join([",".join([*head[:4], *sums]), "key,kind,state,amount_fen,at", *lines, ""]).encode()


def test_the_banks_own_files_agree_with_ours(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                for n, person in enumerate(world.people):
                    await world.buy(person, world.stores[n % 5], 3_000 + n, voucher=BUREAU.funder_id)
                paid = await world.buy(world.people[0], world.stores[0], 2_500)
                await world.refund(paid)

                reports = await fetch_and_reconcile(
                    world.platform.database, world.platform.links, DAY, actor="command:test", now=NOON
                )

                assert {report.party for report in reports} == {"chaoxin", "yuehu", "quanfu", "donggang", "suihe"}
                assert sum(report.ours[Fate.MATCHED].rows for report in reports if report.ours) == 8
                assert all(report.ours == report.theirs and report.cases == 0 for report in reports)
                assert await cases(world) == []

    asyncio.run(run())


def test_differences_live_until_a_corrected_file_the_next_day_or_a_person_ends_them(
    tmp_path: Path, fresh_database: str
) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                database, store = world.platform.database, world.stores[0]
                for person in world.people[:4]:
                    await world.buy(person, store, 3_000)
                true = await our_file(database, str(store.store_id), DAY)
                lines = true.decode().splitlines()[2:]
                keys = [line.split(",")[0] for line in lines]

                # The second has another amount, the third is missing, the fourth is there twice, one is unknown here.
                extra = f"ghost,purchase,succeeded,5,{NOON:%Y-%m-%dT%H:%M:%SZ}"
                wrong = with_lines(true, [lines[0], lines[1].replace(",3000,", ",2999,"), lines[3], lines[3], extra])
                first = await send(world, wrong)
                again = await reconcile_file(database, wrong, actor="command:test", now=NOON)

                differ = {("amount", keys[1]), ("short", keys[2]), ("duplicate", keys[3]), ("long", "ghost")}
                assert set(first["open"]) == differ
                assert (again.is_new, again.cases) == (False, 4)
                assert again.ours[Fate.MATCHED].rows == 2

                by_key = {case.difference.key: case for case in await cases(world)}
                with pytest.raises(Forbidden):
                    await work_case(database, by_key["ghost"].case_id, CaseStep(NOTARY, "resolved", "x"), now=NOON)
                await work_case(database, by_key["ghost"].case_id, CaseStep(FINANCE, "assigned", ""), now=NOON)
                await work_case(database, by_key["ghost"].case_id, CaseStep(FINANCE, "resolved", "门店误录"), now=NOON)
                with pytest.raises(ForbiddenMove):
                    await work_case(database, by_key["ghost"].case_id, CaseStep(FINANCE, "assigned", ""), now=NOON)

                # A corrected file still lacks the third and still has the ghost.
                second = await send(world, with_lines(true, [lines[0], lines[1], lines[3], extra]))
                assert second["open"] == [("short", keys[2])]
                assert set(second["resolved"]) == differ - {("short", keys[2])}

                # The third comes a day late.
                next_day = DAY + timedelta(days=1)
                late = await our_file(database, str(store.store_id), next_day)
                await send(world, with_lines(late, [lines[2]]))
                assert await cases(world, state="open") == []
                missing = by_key[keys[2]].case_id
                async with database.transaction() as connection:
                    ended = await case_of(connection, missing)
                    story = [note.what for note in await notes_of(connection, missing)]
                    ghost_story = [note.what for note in await notes_of(connection, by_key["ghost"].case_id)]
                assert ended is not None
                assert (ended.state, ended.resolution) == (CaseState.RESOLVED, "next_day")
                assert story == ["opened", "resolved"]
                assert ghost_story == ["opened", "assigned", "resolved"]

                with pytest.raises(UnknownParty):
                    await reconcile_file(
                        database, true.replace(str(store.store_id).encode(), b"nobody"), actor="command:test", now=NOON
                    )

    asyncio.run(run())


def test_an_acquirers_file_is_held_against_what_it_was_told_to_pay(tmp_path: Path, fresh_database: str) -> None:
    async def run() -> None:
        with outside(tmp_path) as sandbox:
            async with city(tmp_path, fresh_database, sandbox) as world:
                for n in range(5):
                    await world.buy(world.people[n], world.stores[n], 3_000 + n, voucher=BUREAU.funder_id)
                async with sandbox.client("donggang") as acquirer:
                    await acquirer.ban(world.stores[2].account_no, "closed")
                await world.platform.clearing.clear_day(DAY, patience_s=20)
                async with sandbox.client("donggang") as acquirer:
                    content = await acquirer.day_file(DAY)

                assert await send(world, content) == {}
                lines = sorted(content.decode().splitlines()[2:], key=lambda line: (",failed," in line, line))
                assert [line.split(",")[2] for line in lines] == ["succeeded", "succeeded", "failed"]
                key, kind, state, fen, at = lines[0].split(",")
                wrong = with_lines(
                    content,
                    [
                        f"{key},{kind},{state},{int(fen) - 1},{at}",
                        f"{key},{kind},{state},{int(fen) - 1},{at}",
                        lines[2].replace("failed", "succeeded"),
                        f"by-hand-1,payout,succeeded,777,{at}",
                    ],
                )
                told = await send(world, wrong)
                assert {state: sorted(found) for state, found in told.items()} == {
                    "open": sorted(
                        [
                            ("amount", key),
                            ("duplicate", key),
                            ("state", lines[2].split(",")[0]),
                            ("long", "by-hand-1"),
                            ("short", lines[1].split(",")[0]),
                        ]
                    )
                }
                found = await cases(world, party="donggang", day=DAY)
                assert {case.owner.value for case in found} == {"acquirer"}
                assert {case.action.value for case in found} == {"ask", "correct"}
                assert await our_file(world.platform.database, "donggang", DAY) != wrong

    asyncio.run(run())
