"""Scalping is found, worked on and handed over: alerts, cases, tips, packs, requests, the joint announcement."""

import asyncio
import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from importlib.resources import files
from uuid import UUID, uuid4

import pytest
from PIL import Image
from scalper_world import SEALING, Beat, beat, officer

from yongquan.flows.answer_request import BadRequest, OwnRequest, RequestDesk
from yongquan.flows.pack_case import PackDesk
from yongquan.flows.publish_announcement import (
    AnnouncementChanged,
    AnnouncementDesk,
    OwnDraft,
    accept_announcement,
)
from yongquan.flows.take_tip import TipDesk, TipIncomplete
from yongquan.flows.watch_facts import hour_of
from yongquan.flows.watch_shops import ShopWatch
from yongquan.flows.work_alert import HoldWish
from yongquan.flows.work_fraud_case import NoteMissing, NotEvidence, OwnConclusion, UnknownCase
from yongquan.merchants.applications.photos import NotAPhoto
from yongquan.payments.holds import hold_of
from yongquan.risk.announcements.store import Wording, accepted_by, in_force
from yongquan.risk.cases.model import Bureau, Case, CaseState, Outcome, Party, PartyKind, PartyRole
from yongquan.risk.cases.store import case_of, evidence_of, packs_of, parties_of, timeline_of
from yongquan.risk.requests.store import NewRequest, Officer, exports_of
from yongquan.risk.tips.model import NewTip, TipOutcome, TipState
from yongquan.risk.tips.store import photos_of, tips_listed
from yongquan.risk.watching.model import AlertState, Rule
from yongquan.risk.watching.store import watched_hours
from yongquan.staff import Forbidden, Role
from yongquan.vouchers.model import ForbiddenMove

TEMPLATE = (files("yongquan.web") / "papers/case.typ").read_text()
TIP = NewTip(kind="shop", subject="小店", told="店主收购消费券，按七折付现金", contact="13900001111")
WORDS = Wording("联合公告", "严禁倒卖消费券。", "商务局、公安局、市场监管局", "Joint announcement", "No scalping.")
OFFICERS = (Officer("甲", "110001"), Officer("乙", "110002"))


def scene(conninfo: str, play: Callable[[Beat], Awaitable[None]]) -> None:
    async def run() -> None:
        async with beat(conninfo) as world:
            await play(world)

    asyncio.run(run())


async def case(world: Beat, case_id: UUID) -> Case:
    async with world.city.database.transaction() as connection:
        found = await case_of(connection, case_id)
    assert found is not None
    return found


async def case_of_alert(world: Beat) -> UUID:
    """A case that one alert of the scalped shop is in, taken on."""
    await world.scalp()
    await world.watch()
    (alert,) = await world.found()
    case_id = await world.alerts.open_case(world.one, alert.alert_id, now=world.now)
    await world.cases.take(world.one, case_id, now=world.now)
    return case_id


def picture() -> bytes:
    drawn = io.BytesIO()
    Image.new("RGB", (300, 300), "teal").save(drawn, "PNG")
    return drawn.getvalue()


def opened(content: bytes) -> dict[str, bytes]:
    """A zip's files, after checking each against the manifest."""
    with zipfile.ZipFile(io.BytesIO(content)) as packed:
        found = {name: packed.read(name) for name in packed.namelist()}
    for one in json.loads(found["manifest.json"])["files"]:
        assert hashlib.sha256(found[one["name"]]).hexdigest() == one["sha256"]
    return found


def rows(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode("utf-8-sig"))))


def test_watch_finds_the_scalped_hour_once_and_leaves_decisions_alone(fresh_database: str) -> None:
    async def play(world: Beat) -> None:
        payments = await world.scalp()
        for n in range(6):
            at = world.now + timedelta(minutes=4 * n)
            await world.honest.pay(await world.city.citizen(), 3_127 + 211 * n, at=at)

        first = await world.watch()
        (alert,) = await world.found()
        with pytest.raises(NoteMissing):
            await world.alerts.dismiss(world.one, alert.alert_id, "", now=world.now)
        await world.alerts.dismiss(world.one, alert.alert_id, "开业酬宾", now=world.now)
        again = await world.watch()
        (after,) = await world.found()
        async with world.city.database.transaction() as connection:
            hours = await watched_hours(connection, alert.day)

        assert (first.shops, first.alerts) == (again.shops, again.alerts) == (1, 1)
        assert alert.store_id == world.scalped.store.store_id
        assert {Rule.AT_THRESHOLD, Rule.SPEED, Rule.ROUND_AMOUNTS} <= {r["rule"] for r in alert.reasons}
        assert list(alert.payments) == payments
        assert alert.voucher_fen == 8 * 500
        assert (after.state, after.reason) == (AlertState.DISMISSED, "开业酬宾")
        assert [(row[0], row[2]) for row in hours] == [(alert.hour, 1)]

    scene(fresh_database, play)


def test_background_judges_an_hour_after_its_end_and_not_again(fresh_database: str) -> None:
    async def play(world: Beat) -> None:
        await world.scalp()
        watch = ShopWatch(world.city.database, world.clock)

        first, second = await watch.sweep(), await watch.sweep()

        assert first == 4
        assert second == 0
        assert len(await world.found()) == 1

    scene(fresh_database, play)


def test_alert_opens_its_shops_case_and_the_next_alert_joins_it(fresh_database: str) -> None:
    async def play(world: Beat) -> None:
        case_id = await case_of_alert(world)
        await world.city.refresh()
        world.now += timedelta(hours=1)
        await world.scalp()
        await world.watch()
        later = next(one for one in await world.found() if one.state is AlertState.OPEN)

        joined = await world.alerts.open_case(world.two, later.alert_id, now=world.now)
        again = await world.alerts.open_case(world.two, later.alert_id, now=world.now)
        stranger = officer("far", adcode="330225")
        with pytest.raises(Forbidden):
            await world.alerts.take(stranger, later.alert_id, now=world.now)
        async with world.city.database.transaction() as connection:
            evidence, parties = await evidence_of(connection, case_id), await parties_of(connection, case_id)

        assert joined == again == case_id
        assert [one.kind.value for one in evidence] == ["alert", "alert"]
        assert parties == [Party(PartyKind.STORE, str(world.scalped.store.store_id), PartyRole.SUSPECT)]
        assert (await case(world, case_id)).case_no == f"{world.now.year}-0001"

    scene(fresh_database, play)


def test_a_sanction_needs_a_second_person_and_a_recovery_needs_a_hold(fresh_database: str) -> None:
    async def play(world: Beat) -> None:
        case_id, desk = await case_of_alert(world), world.cases
        store_id = world.scalped.store.store_id
        with pytest.raises(ForbiddenMove):
            await desk.conclude(world.one, case_id, Outcome.RECOVERED, "套现", now=world.now)
        wish = HoldWish(scope="subsidy", notice="请说明", deadline=world.now + timedelta(days=30))
        hold_id = await world.alerts.hold_for_case(world.one, case_id, store_id, wish, now=world.now)
        same = await world.alerts.hold_for_case(world.one, case_id, store_id, wish, now=world.now)
        with pytest.raises(UnknownCase):
            await world.alerts.hold_for_case(world.one, case_id, world.honest.store.store_id, wish, now=world.now)

        proposed = await desk.conclude(world.one, case_id, Outcome.RECOVERED, "套现", now=world.now)
        with pytest.raises(OwnConclusion):
            await desk.decide(world.one, case_id, approve=True, text="", now=world.now)
        await desk.decide(world.two, case_id, approve=False, text="补充证据", now=world.now)
        await desk.conclude(world.one, case_id, Outcome.RECOVERED, "套现", now=world.now)
        await desk.decide(world.two, case_id, approve=True, text="", now=world.now)
        with pytest.raises(ForbiddenMove):
            await desk.name_party(world.one, case_id, _suspect(store_id), now=world.now)
        async with world.city.database.transaction() as connection:
            hold = await hold_of(connection, hold_id)
            told = [event.what for event in await timeline_of(connection, case_id)]

        closed = await case(world, case_id)
        assert proposed is CaseState.PROPOSED
        assert (closed.state, closed.proposed_by, closed.decided_by) == (
            CaseState.CLOSED,
            world.one.actor,
            world.two.actor,
        )
        assert same == hold_id
        assert hold is not None
        assert closed.case_no in hold.basis
        assert told == [
            *("opened", "alert", "taken", "hold", "proposed_recovered", "sent_back"),
            *("proposed_recovered", "agreed"),
        ]

    scene(fresh_database, play)


def _suspect(store_id: UUID) -> Party:
    return Party(PartyKind.STORE, str(store_id), PartyRole.SUSPECT)


def test_tip_is_sent_once_read_by_its_receipt_and_told_of_the_outcome(fresh_database: str) -> None:
    async def play(world: Beat) -> None:
        desk, key = TipDesk(world.city.database, SEALING), uuid4()
        receipt = await desk.send(TIP, [picture(), picture()], key=key, citizen_id=None, now=world.now)
        again = await desk.send(TIP, [picture()], key=key, citizen_id=None, now=world.now)
        with pytest.raises(TipIncomplete):
            await desk.send(replace(TIP, told="短"), [], key=uuid4(), citizen_id=None, now=world.now)
        with pytest.raises(NotAPhoto):
            await desk.send(TIP, [b"no picture"], key=uuid4(), citizen_id=None, now=world.now)
        async with world.city.database.transaction() as connection:
            (tip,) = await tips_listed(connection, SEALING)
            photos = await photos_of(connection, tip.tip_id)
        waiting = await desk.status(receipt.lower())

        store_id = world.scalped.store.store_id
        case_id = await desk.merge(world.one, tip.tip_id, store_id=store_id, now=world.now)
        await world.cases.take(world.one, case_id, now=world.now)
        await world.cases.conclude(world.one, case_id, Outcome.WARNED, "首次", now=world.now)
        ended = await desk.status(receipt)

        assert again == receipt
        assert len(photos) == 1
        assert waiting is not None
        assert (waiting.state, waiting.told) == (TipState.RECEIVED, TIP.told)
        assert ended is not None
        assert (ended.state, ended.outcome) == (TipState.CLOSED, TipOutcome.CONFIRMED)
        assert await desk.status("0000-0000-0000") is None

    scene(fresh_database, play)


def test_each_bureau_gets_a_hashed_pack_with_only_what_it_may_see(fresh_database: str) -> None:
    async def play(world: Beat) -> None:
        case_id = await case_of_alert(world)
        desk = PackDesk(world.city.database, SEALING, 1, TEMPLATE, {"opened": "立案"})
        tips = TipDesk(world.city.database, SEALING)
        await tips.send(TIP, [], key=uuid4(), citizen_id=None, now=world.now)
        async with world.city.database.transaction() as connection:
            (tip,) = await tips_listed(connection, SEALING)
        await tips.merge(world.one, tip.tip_id, case_id=case_id, now=world.now)
        with pytest.raises(NotEvidence):
            await world.cases.add_file(world.one, case_id, "a.exe", b"MZ", now=world.now)
        await world.cases.add_file(world.one, case_id, "../照片.png", picture(), now=world.now)

        made = {bureau: await desk.pack(world.one, case_id, bureau, now=world.now) for bureau in Bureau}
        masked = rows(opened(made[Bureau.POLICE].content)["people.csv"])
        await _approved_request(world, case_id)
        police = opened((await desk.pack(world.one, case_id, Bureau.POLICE, now=world.now)).content)
        async with world.city.database.transaction() as connection:
            packs = await packs_of(connection, case_id)

        names = {bureau: set(opened(one.content)) for bureau, one in made.items()}
        always = {"case.pdf", "case.json", "shops.csv", "manifest.json", "SHA256SUMS", "payments.csv"}
        assert names[Bureau.POLICE] == always | {"funders.csv", "people.csv", "files/照片.png"}
        assert names[Bureau.MARKET] == always | {"people.csv", "files/照片.png"}
        assert names[Bureau.FINANCE] == always | {"funders.csv"}
        assert names[Bureau.AUDIT] == always | {"funders.csv", "people.csv"}
        assert {row["citizen_id"] for row in masked} == {""}
        assert all("****" in row["phone"] for row in masked)
        assert all(row["citizen_id"] and "*" not in row["phone"] for row in rows(police["people.csv"]))
        assert {row["payer"] for row in rows(opened(made[Bureau.FINANCE].content)["payments.csv"])} == {""}
        assert sum(int(row["fen"]) for row in rows(police["funders.csv"])) == 8 * 500
        assert TIP.contact.encode() not in b"".join(content for name, content in police.items() if "pdf" not in name)
        assert police["case.pdf"].startswith(b"%PDF")
        assert len(packs) == 5
        assert {pack.sha256 for pack in packs} >= {one.sha256 for one in made.values()}
        assert packs[0].request_id is not None

    scene(fresh_database, play)


async def _approved_request(world: Beat, case_id: UUID | None = None) -> tuple[RequestDesk, UUID]:
    desk = RequestDesk(world.city.database, SEALING, 1)
    day = hour_of(world.now).day
    wanted = NewRequest(
        number=f"甬公调〔2022〕{uuid4().hex[:4]}号",
        authority="市公安局",
        legal_basis="刑事诉讼法第五十四条",
        officers=OFFICERS,
        stores=(world.scalped.store.store_id,),
        from_day=day,
        until_day=day,
        case_id=case_id,
    )
    request_id = await desk.take_in(world.one, wanted, now=world.now)
    with pytest.raises(BadRequest):
        await desk.take_in(world.one, wanted, now=world.now)
    with pytest.raises(OwnRequest):
        await desk.decide(world.one, request_id, approve=True, reason="符合", now=world.now)
    with pytest.raises(ForbiddenMove):
        await desk.export(world.one, request_id, now=world.now)
    await desk.decide(world.two, request_id, approve=True, reason="符合", now=world.now)
    return desk, request_id


def test_request_is_bounded_approved_by_another_and_exported_with_hashes(fresh_database: str) -> None:
    async def play(world: Beat) -> None:
        payments = await world.scalp(4)
        outside = await world.honest.pay(await world.city.citizen(), 3_000, at=world.now)
        early = await world.scalped.pay(await world.city.citizen(), 3_000, at=world.now - timedelta(days=2))

        desk, request_id = await _approved_request(world)
        export = await desk.export(world.one, request_id, now=world.now)
        async with world.city.database.transaction() as connection:
            (logged,) = await exports_of(connection, request_id)

        exported = opened(export.content)
        ids = [UUID(row["payment_id"]) for row in rows(exported["payments.csv"])]
        assert ids == payments
        assert not {outside, early} & set(ids)
        assert len(rows(exported["people.csv"])) == 4
        assert logged[:3] == (hashlib.sha256(export.content).digest(), 4, world.one.actor)

    scene(fresh_database, play)


def test_request_without_two_officers_or_parties_is_refused(fresh_database: str) -> None:
    async def play(world: Beat) -> None:
        desk, day = RequestDesk(world.city.database, SEALING, 1), hour_of(world.now).day
        wanted = NewRequest(
            number="",
            authority="市公安局",
            legal_basis="刑事诉讼法",
            officers=(OFFICERS[0], OFFICERS[0]),
            from_day=day,
            until_day=day + timedelta(days=400),
        )
        with pytest.raises(BadRequest) as no:
            await desk.take_in(world.one, wanted, now=world.now)
        with pytest.raises(Forbidden):
            await desk.take_in(officer("auditor", role=Role.AUDITOR), wanted, now=world.now)

        assert no.value.faults == {
            "number": "missing",
            "officers": "two_officers",
            "parties": "missing",
            "days": "too_long",
        }

    scene(fresh_database, play)


def test_announcement_is_published_by_another_accepted_as_shown_and_cited_by_cases(fresh_database: str) -> None:
    async def play(world: Beat) -> None:
        desk, subject = AnnouncementDesk(world.city.database), f"store:{world.honest.store.store_id}"
        version = await desk.write(world.one, WORDS, now=world.now)
        with pytest.raises(OwnDraft):
            await desk.publish(world.one, version, now=world.now)
        await desk.publish(world.two, version, now=world.now)
        second = await desk.write(world.one, replace(WORDS, body="第二版"), now=world.now)
        await desk.publish(world.two, second, now=world.now)
        async with world.city.database.transaction() as connection:
            with pytest.raises(AnnouncementChanged):
                await accept_announcement(connection, subject, version, by=subject, now=world.now)
            await accept_announcement(connection, subject, second, by=subject, now=world.now)
            accepted, standing = await accepted_by(connection, subject), await in_force(connection)

        cited = await case(world, await case_of_alert(world))

        assert (version, second) == (1, 2)
        assert accepted == (2, world.now)
        assert standing is not None
        assert standing.sha256 == replace(WORDS, body="第二版").sha256
        assert cited.announcement == 2

    scene(fresh_database, play)
