"""The risk API on a real database: scenes, reports, warnings, scopes, quotas, the sandbox, and 170 institutions."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg
import pytest
from risk_world import Bank, RiskWorld, all_of, risk_world

from yongquan.flows.name_parties import card_token
from yongquan.institutions.risk_terms import Scope
from yongquan.institutions.risk_terms_store import uses
from yongquan.plumbing.clock import business_day, wall_now
from yongquan.plumbing.webhooks import NewEndpoint, add_endpoint, fan_out, take_due
from yongquan.risk.warnings.model import NewWarning, SubjectKind, WarningKind, WarningLevel
from yongquan.risk.warnings.publishing import publish_warning
from yongquan.risk.warnings.store import published, verdict_counts

INSTITUTIONS = 170
ACCOUNT = "6217000011112222"
TRANSFER = {"scene": "transfer", "payer_account": "6217000099998888", "payee_account": ACCOUNT, "amount_fen": 50_000}
Story = Callable[[RiskWorld], Awaitable[None]]


@pytest.fixture
def lived(fresh_database: str, tmp_path: Path) -> Callable[[Story], None]:
    """Lives a story in a risk world of its own."""

    def live(story: Story) -> None:
        async def run() -> None:
            async with risk_world(fresh_database, tmp_path) as world:
                await story(world)

        asyncio.run(run())

    return live


def codes(answer: dict[str, object]) -> list[str]:
    return [f"{reason['code']}:{reason['about']}" for reason in answer["reasons"]]  # type: ignore[attr-defined]


def warning(key: str, **told: dict[str, object]) -> NewWarning:
    return NewWarning(
        key=key,
        kind=WarningKind.GANG,
        subject_kind=SubjectKind.GANG,
        subject=f"gang-{key}",
        level=WarningLevel.HIGH,
        reasons=("density",),
        told=told,  # type: ignore[arg-type]
    )


def test_a_report_is_felt_by_others_without_its_maker_and_ends_with_its_withdrawal(
    lived: Callable[[Story], None],
) -> None:
    async def story(world: RiskWorld) -> None:
        one, two = await world.admit("bank-one", "bank-two")
        report = await one.report("account", ACCOUNT, note="只给自己看", reference="甲-2022-7")

        felt = await two.send("POST", "/verifications", TRANSFER)
        own = await one.verify(TRANSFER)
        gone = await one.send("POST", f"/reports/{report['report_id']}/withdrawal", {"reason": "查否"})
        after = await two.verify(TRANSFER)

        assert codes(felt.json()) == ["reported_mule:account"]
        assert (felt.json()["level"], felt.json()["advice"]) == ("medium", "step_up")
        assert not [word for word in ("bank-one", "甲-2022-7", "只给自己看", report["report_id"]) if word in felt.text]
        assert codes(own) == ["own_report:account"]
        assert gone.json()["state"] == "withdrawn"
        assert after["level"] == "none"
        assert (await one.send("GET", "/reports")).json()["reports"][0]["note"] == "只给自己看"
        assert (await two.send("GET", "/reports")).json()["reports"] == []
        foreign = await two.send("POST", f"/reports/{report['report_id']}/withdrawal", {"reason": "x"})
        assert foreign.status_code == 404

    lived(story)


def test_the_same_key_brings_the_same_answer_and_only_to_its_asker(lived: Callable[[Story], None]) -> None:
    async def story(world: RiskWorld) -> None:
        one, two = await world.admit("bank-one", "bank-two")

        first = await one.verify(TRANSFER, key="k")
        await two.report("account", ACCOUNT)
        again = await one.verify(TRANSFER, key="k")
        other = await one.send("POST", "/verifications", TRANSFER | {"amount_fen": 1}, key="k")
        path = f"/verifications/{first['verification_id']}"

        assert again == first == (await one.send("GET", path)).json()
        assert (other.status_code, other.json()["code"]) == (422, "conflicting_request")
        assert (await two.send("GET", path)).status_code == 404

    lived(story)


def test_accounts_that_many_institutions_ask_about_show_it_to_the_next(lived: Callable[[Story], None]) -> None:
    async def story(world: RiskWorld) -> None:
        banks = await world.admit(*(f"bank-{n}" for n in range(5)))
        said = [codes(await bank.verify(TRANSFER)) for bank in banks]

        assert said[:3] == [[], [], []]
        assert said[3] == said[4] == ["asked_often:account", "asked_often:payer"]

    lived(story)


def test_blocked_citizens_and_barred_merchants_are_known(lived: Callable[[Story], None], fresh_database: str) -> None:
    async def story(world: RiskWorld) -> None:
        (bank,) = await world.admit("bank-one")
        with psycopg.connect(fresh_database) as connection:
            phone = world.sealing.index("13912345678", what="phone")
            connection.execute(
                """insert into citizens.citizen (cell, citizen_id, phone_index, phone_sealed, name_sealed, state,
                                                 registered_at)
                   values (0, gen_random_uuid(), %s, '', '', 'blocked', now())""",
                [phone],
            )
            connection.execute(
                """insert into merchants.listing (listing_id, licence_no, name, level, reason, basis, provenance,
                                                  facts_on, starts_at, state, proposed_by, proposed_at, decided_by,
                                                  decided_at)
                   values (gen_random_uuid(), '91330200MA2GWXYZ1A', '某店', 'barred', 'cash_out', 'b', 'acquirer-x',
                           '2022-01-01', '2022-01-01', 'listed', 'a', now(), 'b', now())"""
            )
            connection.execute(
                """insert into risk.list_entry (entry_id, colour, party, value, tier, source, basis, since, state,
                                                proposed_by, proposed_at, decided_by, decided_at, version)
                   values (gen_random_uuid(), 'black', 'card', %s, 0, 's', 'b', '2022-01-01', 'listed', 'a', now(), 'c',
                           now(), 0)""",
                [card_token(ACCOUNT, world.sealing)],
            )
        opening = {"scene": "account_opening", "id_no": "330203199001011234", "phone": "13912345678"}
        applying = {"scene": "merchant_application", "licence_no": "91330200MA2GWXYZ1A"}

        person, shop, card = [await bank.verify(one) for one in (opening, applying, TRANSFER)]

        assert (codes(person), person["advice"]) == (["blocked_here:phone"], "check")
        assert (codes(shop), shop["advice"]) == (["barred_merchant:licence_no"], "refuse")
        assert (codes(card), card["advice"]) == (["listed_black:account"], "refuse")
        assert "acquirer-x" not in str(shop)
        assert "某店" not in str(shop)

    lived(story)


def test_a_scope_that_was_not_opened_and_a_quota_that_is_used_up_are_refused_with_headers(
    lived: Callable[[Story], None],
) -> None:
    async def story(world: RiskWorld) -> None:
        (asker,) = await world.admit("asker", scopes=frozenset({Scope.VERIFY}), per_day=2)
        (burst,) = await world.admit("burst", per_second=1)

        shut = await asker.send("GET", "/warnings")
        ones = [await asker.send("POST", "/verifications", TRANSFER) for _ in range(3)]
        fast = [await burst.send("GET", "/warnings") for _ in range(4)]

        assert (shut.status_code, shut.json()["code"]) == (403, "scope_missing")
        assert [one.status_code for one in ones] == [201, 201, 429]
        assert ones[1].headers["ratelimit"].startswith('"day";r=0;t=')
        assert ones[2].headers["ratelimit-policy"] == '"second";q=10000;w=1, "day";q=2;w=86400'
        assert int(ones[2].headers["retry-after"]) > 0
        assert "more than 2 calls today" in ones[2].json()["detail"]
        assert 429 in [one.status_code for one in fast]
        assert fast[-1].headers["retry-after"] == "1"

    lived(story)


def test_a_sandbox_key_answers_from_the_test_identifiers_and_touches_nothing_live(
    lived: Callable[[Story], None], fresh_database: str
) -> None:
    async def story(world: RiskWorld) -> None:
        (live,) = await world.admit("bank-one")
        (trial,) = await world.admit("bank-two", mode="test")
        (third,) = await world.admit("bank-three", mode="test")
        await live.report("account", ACCOUNT)
        await trial.report("account", "6200000000000000")
        known = TRANSFER | {"payee_account": "6200000000000003"}

        shown = await trial.verify(known)
        blind = await trial.verify(TRANSFER)
        own = await trial.verify(TRANSFER | {"payee_account": "6200000000000000"})
        foreign = await third.verify(TRANSFER | {"payee_account": "6200000000000000"})
        feed = (await trial.send("GET", "/warnings")).json()
        more = (await trial.send("GET", f"/warnings?after={feed['next']}")).json()
        first = feed["warnings"][0]["warning_id"]
        said = await trial.send("PUT", f"/warnings/{first}/feedback", {"verdict": "confirmed"})

        assert (shown["level"], shown["advice"], shown["sandbox"]) == ("high", "refuse", True)
        assert (blind["level"], codes(own), foreign["level"]) == ("none", ["own_report:account"], "none")
        assert sorted(one["kind"] for one in feed["warnings"]) == sorted(WarningKind)
        assert (more["warnings"], said.json()["verdict"]) == ([], "confirmed")
        with psycopg.connect(fresh_database) as connection:
            counted = "select (select count(*) from risk.asking), (select count(*) from plumbing.outbox)"
            assert connection.execute(counted).fetchone() == (0, 0)

    lived(story)


def test_a_warning_reaches_each_institution_with_its_own_facts_by_pull_and_by_callback(
    lived: Callable[[Story], None],
) -> None:
    async def story(world: RiskWorld) -> None:
        one, two, three = await world.admit("bank-one", "bank-two", "bank-three")
        async with world.database.transaction() as connection:
            for bank in (one, two, three):
                kinds = ("risk.warning",)
                endpoint = NewEndpoint(institution=bank.code, url="http://127.0.0.1:9/hook", kinds=kinds)
                await add_endpoint(connection, endpoint, world.sealing)
        for _ in range(2):  # the second publication under the same key tells nothing
            async with world.database.transaction() as connection:
                new = warning("g1", **{"bank-one": {"accounts": ["6217***1"]}, "bank-two": {"accounts": ["6217***2"]}})
                await publish_warning(connection, new, now=world.clock.now())

        feeds = [(await bank.send("GET", "/warnings")).json()["warnings"] for bank in (one, two, three)]
        async with world.database.transaction() as connection:
            await fan_out(connection)
        async with world.database.transaction() as connection:
            bodies = [delivery.body for delivery in await take_due(connection, limit=10, lease_s=1)]
        told = feeds[0][0]["warning_id"]
        said = await one.send("PUT", f"/warnings/{told}/feedback", {"verdict": "false", "note": "正常商户"})
        foreign = await three.send("PUT", f"/warnings/{told}/feedback", {"verdict": "seen"})

        assert [[w["facts"] for w in feed] for feed in feeds] == [
            [{"accounts": ["6217***1"]}],
            [{"accounts": ["6217***2"]}],
            [],
        ]
        assert len(bodies) == 2
        assert not [body for body in bodies if "6217***1" in body and "6217***2" in body]
        assert not [body for body in bodies if "institutions" in body]
        assert said.json()["verdict"] == "false"
        assert foreign.status_code == 404
        assert (await two.send("GET", "/warnings")).json()["warnings"][0]["verdict"] is None

    lived(story)


def test_170_institutions_contribute_and_ask_and_none_sees_anothers(lived: Callable[[Story], None]) -> None:
    async def story(world: RiskWorld) -> None:
        names = [f"inst-{n:03}" for n in range(INSTITUTIONS)]
        greedy = (await world.admit("greedy", per_day=1))[0]
        banks = await world.admit(*names, per_day=5)
        account = {bank.code: f"62{n:014}" for n, bank in enumerate(banks)}

        async def contribute(bank: Bank) -> None:
            await bank.report("account", account[bank.code], reference=f"ref-{bank.code}", note=f"note-{bank.code}")

        await all_of([contribute(bank) for bank in banks])
        async with world.database.transaction() as connection:
            for name in names:
                new = warning(name, **{name: {"store": f"shop-{name}"}})
                await publish_warning(connection, new, now=world.clock.now())
        # Each asks about the next one's contribution, and looks at everything that is its own.
        around = [*banks[1:], banks[0]]
        asked = [
            one.send("POST", "/verifications", TRANSFER | {"payee_account": account[other.code]})
            for one, other in zip(banks, around, strict=True)
        ]
        answers = await all_of(asked)
        reports = await all_of([bank.send("GET", "/reports") for bank in banks])
        feeds = await all_of([bank.send("GET", "/warnings") for bank in banks])
        spent = [(await greedy.send("GET", "/warnings")).status_code for _ in range(2)]
        others = await all_of([bank.send("GET", "/warnings") for bank in banks])

        shapes = {(a.json()["level"], a.json()["advice"], *codes(a.json())[:1]) for a in answers}
        assert shapes == {("medium", "step_up", "reported_mule:account")}
        for bank, seen in zip(banks, zip(answers, reports, feeds, strict=True), strict=True):
            said = "".join(one.text for one in seen)
            foreign = [name for name in names if name != bank.code and name in said]
            assert foreign == []
            assert f"note-{bank.code}" in seen[1].text
            assert f"shop-{bank.code}" in seen[2].text
        assert spent == [200, 429]
        assert {one.status_code for one in others} == {200}
        assert {one.headers["ratelimit"].split(";")[1] for one in others} == {"r=0"}

    lived(story)


def test_the_operators_desk_counts_what_each_institution_used_told_and_answered(
    lived: Callable[[Story], None],
) -> None:
    async def story(world: RiskWorld) -> None:
        one, two = await world.admit("bank-one", "bank-two")
        await one.report("account", ACCOUNT)
        await two.verify(TRANSFER)
        async with world.database.transaction() as connection:
            new = warning("g1", **{"bank-one": {"members": 3}, "bank-two": {"members": 4}})
            await publish_warning(connection, new, now=world.clock.now())
        told = (await one.send("GET", "/warnings")).json()["warnings"][0]["warning_id"]
        await one.send("PUT", f"/warnings/{told}/feedback", {"verdict": "confirmed", "note": "已核实"})

        async with world.database.transaction() as connection:
            used = {use.institution: use.today for use in await uses(connection, day=business_day(wall_now()))}
            found = await uses(connection, day=business_day(wall_now()), words="TWO")
            (seen,) = await published(connection, world.sealing, verdict="confirmed", limit=10)
            counts = await verdict_counts(connection)

        assert used == {"bank-one": 3, "bank-two": 1}
        assert [use.institution for use in found] == ["bank-two"]
        assert [(share.institution, share.verdict, share.note) for share in seen.shares] == [
            ("bank-one", "confirmed", "已核实"),
            ("bank-two", None, ""),
        ]
        assert counts == {WarningKind.GANG: (2, 1, 0, 1)}

    lived(story)
