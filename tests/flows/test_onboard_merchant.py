"""A shop asks to come in: registers are really asked, a reviewer decides, and whoever is listed stays out."""

from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path

import pytest
from onboarding_world import SEALING, Desk, Sandbox, Scenario, Verdict, outside, run

from yongquan.flows.decide_merchant import HeldByAnother, SamePerson
from yongquan.flows.list_merchant import ListedAlready, ListingOrder, OwnListing, decide_listing, propose_listing
from yongquan.flows.onboard_merchant import UnknownApplication
from yongquan.kernel.credit_codes import credit_code
from yongquan.merchants.applications.model import ForbiddenMove, Incomplete, Risk, State
from yongquan.merchants.cashiers import stores_manned_by, terminals_of
from yongquan.merchants.identity.checking import Finding
from yongquan.merchants.identity.model import Level, LicenceStatus
from yongquan.merchants.identity.owner_reviews import ReviewState, open_reviews
from yongquan.merchants.identity.rules import Why
from yongquan.merchants.identity.store import licence_of, owners_of
from yongquan.merchants.views import store_of

AtDesk = Callable[[Scenario], None]


@pytest.fixture(scope="module")
def counterparts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Sandbox, Path]]:
    folder = tmp_path_factory.mktemp("outside")
    with outside(folder) as sandbox:
        yield sandbox, folder


@pytest.fixture
def at_desk(counterparts: tuple[Sandbox, Path], fresh_database: str) -> AtDesk:
    sandbox, folder = counterparts
    return lambda scenario: run(scenario, sandbox, folder, fresh_database)


def test_a_shop_is_sent_back_mends_it_and_comes_in(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        who = await desk.city.citizen(phone="13900000001")
        typed = await desk.enter(1, "沈小湖")

        id_, sent_back = await desk.apply(who, typed | {"account_holder": "别家"})
        assert sent_back is State.REJECTED
        with pytest.raises(ForbiddenMove):
            await desk.onboarding.submit(who, id_, now=desk.now)
        await desk.onboarding.save(who, id_, {"account_holder": "沈小湖"}, now=desk.now)
        await desk.onboarding.submit(who, id_, now=desk.now)
        assert await desk.checks.check(id_) is State.IN_REVIEW
        assert await desk.decide(desk.one, id_, State.APPROVED) is State.OPEN
        assert await desk.review.decide(desk.one, id_, Verdict(State.APPROVED)) is State.OPEN  # again: nothing more

        sheet = await desk.sheet(who, id_)
        assert [(r.revision_no, list(r.findings)) for r in sheet.revisions] == [(1, ["account_differs"]), (2, [])]
        assert sheet.revisions[0].fields["account_holder"] == "别家"
        assert [d.decision for d in sheet.decisions] == ["rejected", "approved"]
        async with desk.city.database.transaction() as connection:
            store = await store_of(connection, sheet.application.store_id)  # type: ignore[arg-type]
            licence = await licence_of(connection, typed["licence_no"])
            owners = await owners_of(connection, typed["licence_no"], SEALING)
            manned = await stores_manned_by(connection, who)
            terminals = await terminals_of(connection, manned[0].store_id)
            sealed = await (
                await connection.execute("select fields_sealed from merchants.application_revision")
            ).fetchall()
        assert store is not None
        assert (store.state, store.licence_no, store.may_take_subsidies) == ("open", typed["licence_no"], True)
        assert licence is not None
        assert licence.status is LicenceStatus.IN_BUSINESS
        assert [(o.name, o.role) for o in owners] == [("沈小湖", "operator")]
        assert [(m.name, m.role) for m in manned] == [(typed["shop_name"], "manager")]
        assert len(terminals) == 1
        assert all("沈小湖".encode() not in bytes(row[0]) for row in sealed)
        async with desk.onboarding.links.client("donggang") as acquirer:
            assert (await acquirer.account(typed["account_no"])).holder == "沈小湖"

    at_desk(scenario)


def test_a_silent_register_is_asked_again_and_never_guessed(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        who, typed = await desk.city.citizen(), await desk.enter(1, "沈小湖")
        id_ = await desk.send(who, typed)
        desk.switch_faults(down="drop")

        assert await desk.checks.check(id_) is State.CHECKING
        assert (await desk.sheet(who, id_)).revisions[-1].findings == []
        desk.switch_faults(lose_answer_next=1)
        assert await desk.checks.check(id_) is State.CHECKING
        async with desk.city.database.transaction() as connection:
            await connection.execute("update merchants.application set ask_at = %s", [desk.now])

        assert await desk.checks.sweep() == 1
        assert (await desk.sheet(who, id_)).application.state is State.IN_REVIEW

    at_desk(scenario)


def test_each_lie_to_the_registers_goes_back_with_its_reason(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        who, typed = await desk.city.citizen(), await desk.enter(1, "沈小湖")
        gone = await desk.enter(2, "沈大湖", status="cancelled")
        barred = await desk.enter(3, "沈中湖", status="revoked")
        await desk.enter_person("王外人", desk.id_of(9))
        unknown = typed | {"licence_no": credit_code(desk.base + 99, adcode="330203", is_company=False)}
        stranger = typed | {"person_name": "王外人", "person_id_no": desk.id_of(9), "account_holder": "王外人"}
        nobody = typed | {"person_id_no": desk.id_of(8)}

        told = []
        for said in (gone, barred, unknown, stranger, nobody):
            id_, state = await desk.apply(who, said)
            assert state is State.REJECTED
            told.append((await desk.sheet(who, id_)).decisions[-1].reason)

        assert told == [
            *(Finding.LICENCE_CANCELLED, Finding.LICENCE_REVOKED, Finding.LICENCE_UNKNOWN),
            *(Finding.OWNER_DIFFERS, Finding.PERSON_DIFFERS),
        ]

    at_desk(scenario)


def test_a_listed_identity_stays_out_under_any_name(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        first, second, third, fourth = [await desk.city.citizen() for _ in range(4)]
        old = await desk.enter(1, "沈小湖")
        store_id = await desk.approve(first, old)
        await desk.list(old["licence_no"])
        fresh = await desk.enter(2, "沈小湖", person_id_no=desk.id_of(1))
        straw = await desk.enter(3, "周干净")
        namesake = await desk.enter(4, "沈小湖")
        next_door = await desk.enter(5, "吴邻居") | {"address": old["address"]}
        own = {"person_id_no": desk.id_of(1)}

        same = await desk.apply(second, old | {"shop_name": "新招牌", "serial_no": "N1", "account_no": "622111"})
        person = await desk.apply(second, fresh | own)
        account = await desk.apply(second, straw | {"account_no": old["account_no"], "account_holder": "周干净"})
        clean = await desk.apply(third, namesake)
        address = await desk.apply(fourth, next_door)

        assert [state for _, state in (same, person)] == [State.STOPPED, State.STOPPED]
        told = await desk.sheet(second, person[0])
        assert told.decisions[-1].reason == Why.LISTED_OWNER
        assert told.revisions[-1].links[0]["marks"] == ["person"]
        assert account[1] is State.STOPPED
        assert [state for _, state in (clean, address)] == [State.IN_REVIEW, State.IN_REVIEW]
        assert (await desk.sheet(third, clean[0])).revisions[-1].links == []
        seen = (await desk.sheet(fourth, address[0])).revisions[-1].links
        assert {link["identity"]: link["marks"] for link in seen}[old["licence_no"]] == ["address"]
        async with desk.city.database.transaction() as connection:
            store = await store_of(connection, store_id)
        assert store is not None
        assert not store.may_take_subsidies

    at_desk(scenario)


def test_an_innocent_successor_is_looked_at_by_two_and_comes_in(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        who, new = await desk.city.citizen(), await desk.city.citizen()
        old = await desk.enter(1, "沈小湖")
        store_id = await desk.approve(who, old)
        await desk.list(old["licence_no"])
        await desk.enter_person("周干净", desk.id_of(7))
        async with desk.onboarding.links.business_register() as office:
            for _ in range(2):
                await office.change(
                    *(f"c{desk.base}", old["licence_no"]),
                    on_day=date(2026, 4, 1),
                    what="owner",
                    became="周干净",
                    person_id_no=desk.id_of(7),
                )
        async with desk.city.database.transaction() as connection:
            await connection.execute("update merchants.licence set ask_at = %s", [desk.now])
        assert await desk.watch.sweep() == 1
        async with desk.city.database.transaction() as connection:
            (review,) = await open_reviews(connection, SEALING)
        assert (review.was, review.became, review.is_listed) == ("沈小湖", "周干净", True)
        mine = {
            "person_name": "周干净",
            "person_id_no": desk.id_of(7),
            "account_holder": "周干净",
            "account_no": "622999",
        }

        id_, state = await desk.apply(new, old | mine)
        assert state is State.IN_REVIEW
        assert (await desk.sheet(new, id_)).application.risk is Risk.RAISED
        assert await desk.decide(desk.one, id_, State.APPROVED) is State.SECOND_REVIEW
        with pytest.raises(SamePerson):
            await desk.decide(desk.one, id_, State.APPROVED)
        await desk.review.release(desk.one, id_)
        assert await desk.decide(desk.two, id_, State.APPROVED) is State.OPEN

        await desk.watch.decide(desk.two, review.review_id, to=ReviewState.CLEARED, reason="转让协议", now=desk.now)
        async with desk.city.database.transaction() as connection:
            store = await store_of(connection, store_id)
        assert store is not None
        assert store.may_take_subsidies
        again = await desk.enter(8, "沈小湖", person_id_no=desk.id_of(1))
        assert (await desk.apply(who, again | {"person_id_no": desk.id_of(1)}))[
            1
        ] is State.STOPPED  # the old owner, elsewhere

    at_desk(scenario)


def test_listed_while_the_reviewer_looks_is_stopped_at_the_approval(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        who, typed = await desk.city.citizen(), await desk.enter(1, "沈小湖")
        id_, _ = await desk.apply(who, typed)
        await desk.list(typed["licence_no"])

        assert await desk.decide(desk.one, id_, State.APPROVED) is State.STOPPED
        await desk.onboarding.appeal(who, id_, "与该店无关", now=desk.now)
        assert await desk.decide(desk.one, id_, State.APPROVED) is State.SECOND_REVIEW
        assert await desk.decide(desk.two, id_, State.STOPPED, "listed") is State.STOPPED
        assert [d.decision for d in (await desk.sheet(who, id_)).decisions] == [
            *("stopped", "appealed", "second_review", "stopped")
        ]

    at_desk(scenario)


def test_shared_accounts_and_watched_licences_need_two(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        who, others = await desk.city.citizen(), await desk.city.citizen()
        one, two, three = [await desk.enter(n, name) for n, name in enumerate(("沈小湖", "周干净", "吴旁人"))]
        await desk.approve(who, one)
        await desk.list(three["licence_no"], level=Level.WATCHED)
        both = {"account_no": one["account_no"], "account_holder": two["person_name"]}

        plain, _ = await desk.apply(others, two)
        shared, of_another = await desk.apply(others, two | both)
        watched, _ = await desk.apply(others, three)

        assert (await desk.sheet(others, plain)).application.risk is Risk.ORDINARY
        assert of_another is State.REJECTED  # the acquirer knows in whose name the account is
        assert (await desk.sheet(others, shared)).revisions[-1].links[0]["marks"] == ["account"]
        assert (await desk.sheet(others, watched)).application.risk is Risk.RAISED

    at_desk(scenario)


def test_a_shop_without_licence_takes_payments_but_no_public_money(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        who, typed = await desk.city.citizen(), await desk.enter(1, "沈小湖")

        store_id = await desk.approve(who, typed | {"has_licence": "no", "licence_no": ""})

        async with desk.city.database.transaction() as connection:
            store = await store_of(connection, store_id)
        assert store is not None
        assert (store.state, store.licence_no, store.may_take_subsidies) == ("open", "", False)

    at_desk(scenario)


def test_drafts_and_claims_are_kept_from_others(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        who, other = await desk.city.citizen(), await desk.city.citizen()
        typed = await desk.enter(1, "沈小湖")
        id_ = await desk.onboarding.begin(who, "k", now=desk.now)
        assert await desk.onboarding.begin(who, "k", now=desk.now) == id_
        with pytest.raises(UnknownApplication):
            await desk.sheet(other, id_)
        with pytest.raises(Incomplete) as missing:
            await desk.onboarding.save(who, id_, {"licence_no": "abc"}, now=desk.now)
            await desk.onboarding.submit(who, id_, now=desk.now)
        assert missing.value.faults["licence_no"] == "malformed"

        sent = await desk.send(who, typed)
        assert await desk.onboarding.submit(who, sent, now=desk.now) is State.SUBMITTED
        assert await desk.checks.check(sent) is State.IN_REVIEW
        with pytest.raises(HeldByAnother):
            await desk.review.decide(desk.one, sent, Verdict(State.APPROVED))
        await desk.review.claim(desk.one, sent)
        with pytest.raises(HeldByAnother):
            await desk.review.claim(desk.two, sent)
        await desk.onboarding.withdraw(who, sent, now=desk.now)
        with pytest.raises(ForbiddenMove):
            await desk.review.decide(desk.one, sent, Verdict(State.APPROVED))

    at_desk(scenario)


def test_the_list_has_two_keys(at_desk: AtDesk) -> None:
    async def scenario(desk: Desk) -> None:
        database = desk.city.database
        order = ListingOrder(
            licence_no=credit_code(5, adcode="330203", is_company=True),
            name="某店",
            level=Level.BARRED,
            reason="false_trade",
            basis="通报",
            provenance="收单机构",
            facts_on=date(2026, 1, 1),
            ends_at=desk.now + timedelta(days=1),
        )
        made = await propose_listing(database, desk.one.actor, order, key="a", now=desk.now)
        assert await propose_listing(database, desk.one.actor, order, key="a", now=desk.now) == made
        with pytest.raises(ListedAlready):
            await propose_listing(database, desk.one.actor, order, key="b", now=desk.now)
        with pytest.raises(OwnListing):
            await decide_listing(database, desk.one, made, approve=True, now=desk.now)
        await decide_listing(database, desk.two, made, approve=True, now=desk.now)
        later = desk.now + timedelta(days=2)

        renewed = ListingOrder(**{**_facts(order), "ends_at": None})
        assert (
            await propose_listing(database, desk.one.actor, renewed, key="b", now=later) != made
        )  # the first one is past

    at_desk(scenario)


def _facts(order: ListingOrder) -> dict[str, object]:
    return {name: getattr(order, name) for name in order.__dataclass_fields__}
