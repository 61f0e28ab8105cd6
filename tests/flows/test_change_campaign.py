"""A campaign's way from a text to the public: written, submitted, approved by another, applied; and what may follow."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from rooms.vouchers.full_document import full_text
from stores.city import FUNDER, SmallCity, small_city

from yongquan import ledger
from yongquan.app import load_regions
from yongquan.flows.apply_campaign import apply_due, apply_version
from yongquan.flows.change_campaign import (
    Maker,
    SamePerson,
    Surroundings,
    VersionOpen,
    approve_version,
    return_version,
    submit_version,
    write_version,
)
from yongquan.flows.fund_campaign import fund_campaign, open_books, record_prepayment
from yongquan.flows.funds import FundsShort
from yongquan.flows.prove_books import prove_books
from yongquan.flows.publish_campaign import publish_campaign
from yongquan.flows.publish_rounds import publish_rounds
from yongquan.plumbing.audit_pages import audit_page
from yongquan.staff import Forbidden, Role, RoleGrant, Staff
from yongquan.vouchers.documents import BadDocument, read_document, write_document
from yongquan.vouchers.documents_diff import Unchangeable
from yongquan.vouchers.documents_store import stored_campaign
from yongquan.vouchers.documents_versions import VersionState, version_of, versions_of
from yongquan.vouchers.model import ForbiddenMove
from yongquan.web.words import INDUSTRIES

AROUND = Surroundings(frozenset(d.adcode for d in load_regions().divisions), INDUSTRIES)
TEXT = """\
format: 1
code: spring
name: 春季
name_en: Spring
funder: bureau
starts_at: 2026-03-01 00:00
ends_at: 2026-03-08 00:00
budget: 20000元
sub_activities:
  - key: food
    name: 美食节
    name_en: Food festival
    rounds:
      - key: r1
        name: 第1轮
        name_en: Round 1
        opens_at: 2026-03-01 10:00
        closes_at: 2026-03-02 00:00
        types:
          - {key: t1, name: 券, name_en: Voucher, amount: 20元, threshold: 50元, stock: 1000, valid_days: 3}
"""
NOW = datetime(2026, 2, 1, tzinfo=UTC)


def person(number: int, role: Role = Role.BUREAU_OFFICER, adcode: str | None = None) -> Staff:
    return Staff(UUID(int=number), f"p{number}", f"某{number}", frozenset({RoleGrant(role, adcode)}))


MAKER, CHECKER = person(1), person(2)
_BANK = """
insert into institutions.institution (code, name, name_en, kind, network_id)
values (%(code)s, '行', 'Bank', 'bank', %(code)s)
"""
_AREA = """
insert into vouchers.area (code, name, name_en, outline, changed_at) values (%(code)s, '片', 'Area', '{}', now())
"""
_GROUP = "insert into merchants.shop_group (code, name, name_en) values (%(code)s, '组', 'Group')"


async def register(city: SmallCity, *codes: str) -> None:
    """Make a bank, an area and a shop group of each code."""
    async with city.database.transaction() as connection:
        for code in codes:
            for sql in (_BANK, _AREA, _GROUP):
                await connection.execute(sql, {"code": code})


def in_city(conninfo: str, scene: Callable[[SmallCity], Awaitable[None]], *, cells: int = 1) -> None:
    async def run() -> None:
        async with small_city(conninfo, cells=cells) as city:
            async with city.database.transaction() as connection:
                await open_books(connection, [], [FUNDER], cells=cells, now=NOW)
            await scene(city)

    asyncio.run(run())


async def bring(city: SmallCity, text: str, *, approve: bool = True, apply_at: datetime | None = None) -> int:
    async with city.database.transaction() as connection:
        version = await write_version(connection, Maker.of(MAKER), text, AROUND, now=NOW)
        await submit_version(connection, Maker.of(MAKER), version.code, version.number, apply_at=apply_at, now=NOW)
    if approve:
        async with city.database.transaction() as connection:
            await approve_version(connection, CHECKER, version.code, version.number, cells=city.cells, now=NOW)
    return version.number


async def publish(city: SmallCity, budget_fen: int = 2_000_000, cash_fen: int = 4_000_000) -> None:
    async with city.database.transaction() as connection:
        stored = await stored_campaign(connection, "spring")
        assert stored is not None
        campaign_id = stored.document.campaign.campaign_id
        await record_prepayment(connection, receipt="1", funder_id="bureau", amount_fen=cash_fen, now=NOW)
        await fund_campaign(connection, campaign_id=campaign_id, funder_id="bureau", cash_fen=budget_fen, now=NOW)
        rounds = [r.round_id for r in stored.document.rounds]
        await publish_rounds(connection, campaign_id, rounds, cells=city.cells, now=NOW)


async def state_of(city: SmallCity, number: int) -> VersionState:
    async with city.database.transaction() as connection:
        version = await version_of(connection, "spring", number)
        assert version is not None
        return version.state


async def text_of(city: SmallCity) -> str:
    async with city.database.transaction() as connection:
        stored = await stored_campaign(connection, "spring")
        assert stored is not None
        return write_document(stored.document)


def test_another_person_approves_and_the_campaign_is_there(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        number = await bring(city, TEXT, approve=False)
        with pytest.raises(SamePerson):
            async with city.database.transaction() as connection:
                await approve_version(connection, MAKER, "spring", number, cells=1, now=NOW)
        with pytest.raises(Forbidden):
            async with city.database.transaction() as connection:
                await approve_version(connection, person(3, Role.AUDITOR), "spring", number, cells=1, now=NOW)

        async with city.database.transaction() as connection:
            await approve_version(connection, CHECKER, "spring", number, cells=1, now=NOW)

        assert await state_of(city, number) is VersionState.APPLIED
        assert read_document(await text_of(city)) == read_document(TEXT)
        async with city.database.transaction() as connection:
            entries = await audit_page(connection, subject="version:spring")
        assert [e.action for e in reversed(entries)] == ["version.written", "version.submitted", "version.approved"]

    in_city(fresh_database, scene)


def test_every_field_is_kept_in_the_tables(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        await register(city, "yuehu")
        await bring(city, full_text(code="spring"))

        async with city.database.transaction() as connection:
            stored = await stored_campaign(connection, "spring")

        assert stored is not None
        assert stored.document == read_document(full_text(code="spring"))

    in_city(fresh_database, scene)


def test_same_text_again_changes_nothing(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        await bring(city, TEXT)
        async with city.database.transaction() as connection:
            version = await write_version(connection, Maker.of(MAKER), TEXT, AROUND, now=NOW)
            await apply_version(connection, version, by="staff:x", cells=1, now=NOW)

        async with city.database.transaction() as connection:
            assert [v.number for v in await versions_of(connection, "spring")] == [1]

    in_city(fresh_database, scene)


def test_one_version_at_a_time_is_on_its_way(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        number = await bring(city, TEXT, approve=False)
        changed = TEXT.replace("春季", "春天")
        with pytest.raises(VersionOpen):
            await bring(city, changed)

        await return_version(city.database, CHECKER, "spring", number, reason="预算未批", now=NOW)

        assert await bring(city, changed) == 2
        with pytest.raises(ForbiddenMove):
            await return_version(city.database, CHECKER, "spring", number, reason="再来", now=NOW)

    in_city(fresh_database, scene)


def test_published_campaign_grows_with_its_money(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        await bring(city, TEXT)
        await publish(city)
        with pytest.raises(Unchangeable):
            await bring(city, TEXT.replace("amount: 20元", "amount: 10元"))
        more = TEXT.replace("stock: 1000", "stock: 1501").replace("budget: 20000元", "budget: 30020元")

        await bring(city, more)

        async with city.database.transaction() as connection:
            rows = await (await connection.execute("select sum(stock) from vouchers.stock")).fetchone()
            budget = await (await connection.execute("select budget_fen from vouchers.campaign")).fetchone()
        async with await city.database.connect() as connection:
            proved = await prove_books(connection)
        assert rows == (1501,)
        assert budget == (3_002_000,)
        assert [check for check in proved.checks if check.faults] == []
        assert read_document(await text_of(city)) == read_document(more)

    in_city(fresh_database, scene, cells=1)


def test_whatever_may_change_of_a_published_campaign_does(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        text = TEXT.replace(
            "        types:",
            "        caps: {per_round: 1, per_day: 1, per_campaign: 1, per_industry: 1}\n        types:",
        )
        await bring(city, text)
        await publish(city)
        changed = text
        for old, new in (
            ("春季", "春天"),
            ("name_en: Spring", "name_en: In spring"),
            ("美食节", "夜市"),
            ("第1轮", "首轮"),
            ("10:00", "11:00"),
            ("2026-03-02 00:00", "2026-03-03 00:00"),
            ("per_round: 1, per_day: 1, per_campaign: 1, per_industry: 1", "per_round: 2, per_day: 3, per_campaign: 4"),
            ("2026-03-08 00:00", "2026-03-09 00:00"),
            ("name: 券", "name: 大券"),
            ("valid_days: 3", "valid_days: 4"),
            ("name: 夜市\n", "name: 夜市\n    note: 每晚六点\n"),
        ):
            changed = changed.replace(old, new)

        await bring(city, changed)

        assert read_document(await text_of(city)) == read_document(changed)

    in_city(fresh_database, scene)


def test_a_pack_of_a_document_is_published_counts_packs_and_grows(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        terms = "        pack: {name: 双券, name_en: Two, packs: 500}\n        caps: {per_round: 2}\n        types:\n"
        text = TEXT.replace("        types:\n", terms).replace("stock: 1000", "stock: 1000, copies: 2")
        await bring(city, text)
        await publish(city)
        more = text.replace("packs: 500", "packs: 501").replace("stock: 1000", "stock: 1002")
        more = more.replace("20000元", "20040元").replace("caps:", "leftover: next_round\n        caps:")

        await bring(city, more)

        async with city.database.transaction() as connection:
            read = "select cap_round, leftover, packs, copies from vouchers.round join vouchers.pack using (round_id)"
            rows = await (await connection.execute(f"{read} join vouchers.pack_item using (round_id)")).fetchall()
        assert rows == [(3, "next_round", 501, 2)]
        assert read_document(await text_of(city)) == read_document(more)

    in_city(fresh_database, scene)


def test_conditions_of_a_published_round_widen(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        terms = """\
        caps: {limits: [{most: 1, period: day, over: group}, {most: 5, period: campaign}]}
        conditions: {daily: 10:00-20:00, weekdays: [6], real_name: true}
        types:
"""
        text = TEXT.replace("        types:\n", terms)
        text = text.replace("key: t1,", "key: t1, groups: [a], use: {weekdays: [6], limits: [{most: 1, period: day}]},")
        await bring(city, text)
        await publish(city)
        assert read_document(await text_of(city)) == read_document(text)
        wider = text
        for old, new in (
            ("most: 1, period: day, over", "most: 2, period: day, over"),
            (", {most: 5, period: campaign}", ""),
            ("10:00-20:00", "09:00-02:00"),
            ("weekdays: [6], real", "weekdays: [6, 7], real"),
            ("use: {weekdays: [6], limits: [{most: 1", "use: {limits: [{most: 2"),
        ):
            assert old in wider
            wider = wider.replace(old, new)

        await bring(city, wider)

        assert read_document(await text_of(city)) == read_document(wider)
        for refused in ("rules: {refund: return}\n" + wider, wider.replace("real_name: true", "social_card: true")):
            with pytest.raises(Unchangeable, match="fixed once published"):
                await bring(city, refused)

    in_city(fresh_database, scene)


def test_every_funder_pays_its_part_of_what_grows(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        bank = replace(FUNDER, funder_id="bank", kind="bank", account_no="supervised-bank")
        async with city.database.transaction() as connection:
            await open_books(connection, [], [bank], cells=1, now=NOW)
        shares = "key: t1, shares: [{funder: bureau, share: 75%}, {funder: bank, share: 25%}],"
        text = TEXT.replace("key: t1,", shares)
        await bring(city, text)
        for funder_id, fen in (("bureau", 2_000_000), ("bank", 510_000)):
            async with city.database.transaction() as connection:
                await record_prepayment(connection, receipt="1", funder_id=funder_id, amount_fen=fen, now=NOW)
        with pytest.raises(FundsShort, match="bank"):
            await publish_campaign(city.database, CHECKER, "spring", cells=1, now=NOW)
        async with city.database.transaction() as connection:
            stored = await stored_campaign(connection, "spring")
            assert stored is not None
            campaign_id = stored.document.campaign.campaign_id
            await fund_campaign(connection, campaign_id=campaign_id, funder_id="bank", cash_fen=510_000, now=NOW)
        await publish_campaign(city.database, CHECKER, "spring", cells=1, now=NOW)

        await bring(city, text.replace("stock: 1000", "stock: 1020").replace("20000元", "20400元"))

        lead, other = (ledger.account_id(owner, ledger.Kind.BUDGET) for owner in (campaign_id, f"{campaign_id}:bank"))
        async with city.database.transaction() as connection:
            left = await ledger.balances_of(connection, [lead, other], cell=0)
        assert (left[lead].credit_fen, left[other].credit_fen) == (0, 0)
        with pytest.raises(FundsShort, match="bank"):
            await bring(city, text.replace("stock: 1000", "stock: 1021").replace("20000元", "20420元"))
        with pytest.raises(Unchangeable, match="set aside"):
            await bring(city, text.replace("75%", "50%").replace("25%", "50%"))

    in_city(fresh_database, scene)


def test_growth_without_money_is_refused_whole(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        await bring(city, TEXT)
        await publish(city, cash_fen=2_000_000)
        more = TEXT.replace("stock: 1000", "stock: 1001").replace("budget: 20000元", "budget: 20020元")

        with pytest.raises(ledger.PostingRefused):
            await bring(city, more)

        assert await state_of(city, 2) is VersionState.SUBMITTED
        assert read_document(await text_of(city)) == read_document(TEXT)

    in_city(fresh_database, scene)


def test_approved_version_waits_for_its_time(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        number = await bring(city, TEXT, apply_at=NOW + timedelta(hours=1))
        early = await apply_due(city.database, cells=1, now=NOW)
        waiting = await state_of(city, number)

        applied = await apply_due(city.database, cells=1, now=NOW + timedelta(hours=1))

        assert (early, waiting, applied) == ([], VersionState.APPROVED, ["spring"])
        assert await state_of(city, number) is VersionState.APPLIED

    in_city(fresh_database, scene)


def test_unknown_funder_and_industry_are_told_at_their_lines(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        with pytest.raises(BadDocument, match=r"document:5:9: funder: there is no such funder"):
            await bring(city, TEXT.replace("funder: bureau", "funder: nobody"))
        with pytest.raises(BadDocument, match="there is no such industry"):
            await bring(city, TEXT.replace("key: t1,", "key: t1, industry: gambling,"))

    in_city(fresh_database, scene)


def test_maker_keeps_to_the_own_division(fresh_database: str) -> None:
    async def scene(city: SmallCity) -> None:
        local = Maker.of(person(4, adcode="330203"))
        with pytest.raises(Forbidden):
            async with city.database.transaction() as connection:
                await write_version(connection, local, TEXT, AROUND, now=NOW)

    in_city(fresh_database, scene)
