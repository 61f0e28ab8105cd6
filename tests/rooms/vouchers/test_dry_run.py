"""A day replayed with a campaign's vouchers: the same seed gives the same day, and stock, caps and rules bound it."""

from dataclasses import replace
from datetime import UTC, date, datetime, time
from uuid import UUID

from rooms.vouchers.test_documents import TEXT

from yongquan.kernel.ids import named_id
from yongquan.vouchers.documents import read_document, write_document
from yongquan.vouchers.documents_clone import clone
from yongquan.vouchers.documents_dry_people import Payer, may_claim
from yongquan.vouchers.documents_dry_run import PastPayment, replay_day
from yongquan.vouchers.documents_search import FoundRound, FoundType, Wanted, find, initials
from yongquan.vouchers.limits import ClaimCap, Counting, Over, Period, UseCap
from yongquan.vouchers.model import Caps, Conditions, PackTerms, UseRules
from yongquan.vouchers.sharing import FunderShare
from yongquan.vouchers.usability import StoreFacts

DINING = StoreFacts("dining", "330203", hardship=False)
DOCUMENT = read_document(TEXT)


def payments(many: int, *, store: StoreFacts = DINING, amount_fen: int = 6_000) -> list[PastPayment]:
    return [PastPayment(named_id("citizen", n), named_id("store", n % 7), store, amount_fen) for n in range(many)]


def test_everybody_holds_one_when_there_is_enough() -> None:
    run = replay_day(DOCUMENT, payments(100), citizens=100)

    assert (run.helped_payments, run.helped_citizens, run.helped_shops) == (100, 100, 7)
    assert run.cost_fen == 100 * 2_000
    assert run.by_funder == {"bureau-330203": 200_000}
    assert run.by_district == {"330203": 200_000}
    assert run.shops_by_district == {"330203": 7}


def test_part_of_the_stock_is_with_those_who_stayed_at_home() -> None:
    run = replay_day(DOCUMENT, payments(4_000), citizens=10_000, seed="a")

    assert run.types[0].odds_bp == 1_000
    assert 300 < run.types[0].held < 500
    assert run.types[0].used == run.types[0].held


def test_same_seed_is_the_same_day_and_another_is_not() -> None:
    def cost(seed: str) -> list[tuple[UUID, int]]:
        return replay_day(DOCUMENT, payments(2_000), citizens=5_000, seed=seed).top_shops

    assert cost("1") == cost("1")
    assert cost("1") != cost("2")


def test_vouchers_are_used_only_where_their_rules_allow() -> None:
    elsewhere = replace(DINING, industry="sports")

    assert replay_day(DOCUMENT, payments(50, store=elsewhere), citizens=50).cost_fen == 0
    assert replay_day(DOCUMENT, payments(50, amount_fen=4_999), citizens=50).cost_fen == 0


def test_a_voucher_is_used_once() -> None:
    one = payments(1)

    assert replay_day(DOCUMENT, one * 3, citizens=1).helped_payments == 1


def test_caps_bound_what_a_citizen_holds() -> None:
    type_ = DOCUMENT.types[0]
    two = replace(DOCUMENT, types=(type_, replace(type_, type_id=named_id("other"))))

    run = replay_day(two, payments(100) * 2, citizens=100)

    assert sum(outcome.held for outcome in run.types) == 100


def test_fine_caps_bound_it_too() -> None:
    def held(*rules: ClaimCap) -> int:
        caps = Caps(rules=rules)
        base = DOCUMENT.types[0]
        types = [
            replace(base, type_id=named_id(n), groups=("a",) if n < 2 else ("b",), industry=f"i{n}") for n in range(4)
        ]
        document = replace(DOCUMENT, rounds=(replace(DOCUMENT.rounds[0], caps=caps),), types=tuple(types))
        return sum(outcome.held for outcome in replay_day(document, payments(10), citizens=10).types)

    assert held() == 40
    assert held(ClaimCap(3, Period.DAY)) == 30
    assert held(ClaimCap(1, Period.CAMPAIGN, Over.GROUP)) == 20
    assert held(ClaimCap(1, Period.ROUND, Over.GROUP, group="a")) == 30
    assert held(ClaimCap(2, Period.ROUND, counts=Counting.INDUSTRIES)) == 20
    assert held(ClaimCap(1, Period.ROUND, counts=Counting.GROUPS)) == 20


def test_use_and_shares_are_those_of_the_document() -> None:
    shares = (FunderShare("bureau", 7_500), FunderShare("bank", 2_500))
    use = UseRules(shop_groups=("old-street",), daily=(time(10), time(22)))
    document = replace(DOCUMENT, types=(replace(DOCUMENT.types[0], shares=shares, use=use),))
    noon, night = (datetime(2026, 3, 1, hour, tzinfo=UTC) for hour in (4, 15))
    inside = replace(DINING, groups=frozenset({"old-street"}), now=noon)

    assert replay_day(document, payments(10, store=inside), citizens=10).by_funder == {"bureau": 15_000, "bank": 5_000}
    assert replay_day(document, payments(10, store=replace(inside, now=night)), citizens=10).cost_fen == 0
    assert replay_day(document, payments(10), citizens=10).cost_fen == 0


def test_clone_has_new_ids_and_shifted_times() -> None:
    made = clone(DOCUMENT, code="haishu-2026-b", name="二", name_en="Two", days=7)

    assert made.campaign.campaign_id == named_id("campaign", "haishu-2026-b")
    assert (made.rounds[0].opens_at - DOCUMENT.rounds[0].opens_at).days == 7
    again = read_document(write_document(made))
    assert (again.campaign, again.rounds, again.types) == (made.campaign, made.rounds, made.types)


def test_rounds_are_found_by_part_of_a_name_and_by_initials() -> None:
    document = DOCUMENT
    opens, closes = document.rounds[0].opens_at, document.rounds[0].closes_at
    text = f"海曙消费券\n餐饮券\n{initials('海曙消费券 餐饮券')}"
    types = (FoundType("餐饮券", "Dining", "dining", 2_000, 5_000, 10),)
    names = ("第1轮", "Round 1", named_id("c"), "haishu", "海曙消费券", "Haishu", "bureau-330203", "330203")
    found = FoundRound(named_id("r"), *names, opens, closes, "published", "grab", None, None, types, text)

    def count(**asked: object) -> int:
        return len(find([found], Wanted(**asked), now=opens))  # type: ignore[arg-type]

    assert [count(words=words) for words in ("餐饮", "cyq", "海曙 cy", "象山", "hs")] == [1, 1, 1, 0, 1]
    assert count(industry="dining", phase="open", funder="bureau-330203") == 1
    assert count(since=closes) == 0
    assert count(until=opens) == 0
    assert initials("鄞州GM 2026") == "yzgm 2026"


def test_only_those_who_pass_the_conditions_hold_one() -> None:
    asked = Conditions(age_min=60, card_bins=("62",), real_name=True)
    document = replace(DOCUMENT, rounds=(replace(DOCUMENT.rounds[0], conditions=asked),))
    day, paid = date(2026, 3, 1), payments(100)
    old = Payer(born_on=date(1966, 3, 1), real_name=True, card_bins=("62220000",))
    young = replace(old, born_on=date(1966, 3, 2))
    strangers = (replace(old, card_bins=("51220000",)), replace(old, real_name=False), replace(old, is_active=False))
    people = {p.citizen_id: (old, young, *strangers)[n % 5] for n, p in enumerate(paid)}

    run = replay_day(document, paid, citizens=5_000, people=people, on=day)

    assert (run.types[0].eligible, run.types[0].entitled) == (20, 1_000)
    assert (run.types[0].odds_bp, run.types[0].held) == (10_000, 20)


def test_a_list_lets_its_first_tiers_in() -> None:
    own = named_id("list")
    asked = Conditions(list_id=own, list_tier=2)

    tiers = [may_claim(asked, Payer(lists={own: tier}), on=date(2026, 3, 1)) for tier in (1, 2, 3)]

    assert tiers == [True, True, False]
    assert not may_claim(asked, Payer(), on=date(2026, 3, 1))


def test_caps_of_use_bound_what_is_used_at_a_merchant() -> None:
    def used(*caps: UseCap) -> int:
        base = DOCUMENT.types[0]
        types = tuple(replace(base, type_id=named_id(n), use=UseRules(caps=caps)) for n in range(4))
        document = replace(DOCUMENT, rounds=(replace(DOCUMENT.rounds[0], caps=Caps()),), types=types)
        shops = [replace(DINING, merchant=name) for name in ("a", "a", "b", "b")]
        paid = [PastPayment(named_id("citizen"), named_id("store", n), shop, 6_000) for n, shop in enumerate(shops)]
        return sum(outcome.used for outcome in replay_day(document, paid, citizens=1).types)

    assert used() == 4
    assert used(UseCap(3, Period.DAY)) == 3
    assert used(UseCap(1, Period.ROUND, per_merchant=True)) == 2
    assert used(UseCap(1, Period.CAMPAIGN, Over.TYPE)) == 4


def test_a_pack_comes_whole_and_caps_count_packs() -> None:
    base = DOCUMENT.types[0]
    meal = replace(base, type_id=named_id("meal"), stock=100, copies=2)
    film = replace(base, type_id=named_id("film"), stock=50, industry="entertainment")
    round_ = replace(DOCUMENT.rounds[0], pack=PackTerms("双券包", "Pack", 50), caps=Caps(per_round=1))
    document = replace(DOCUMENT, rounds=(round_,), types=(meal, film))

    run = replay_day(document, payments(100) * 3, citizens=100, seed="a")

    (pack,) = run.packs
    meals, films = run.types
    assert (meals.odds_bp, films.odds_bp) == (5_000, 5_000)
    assert (meals.held, films.held) == (2 * pack.held, pack.held)
    assert 30 < pack.held <= 50
    assert (pack.used, pack.cost_fen, len(pack.helped)) == (2 * pack.held, 2 * pack.held * 2_000, pack.held)
    assert run.helped_citizens == pack.held


def test_a_day_cap_of_packs_leaves_room_for_the_next_only_below_it() -> None:
    base = DOCUMENT.types[0]
    rounds = [
        replace(DOCUMENT.rounds[0], round_id=named_id("r", n), pack=PackTerms("包", "Pack", 10), caps=Caps(per_day=2))
        for n in range(3)
    ]
    types = [
        replace(base, type_id=named_id("t", n), round_id=r.round_id, stock=20, copies=2) for n, r in enumerate(rounds)
    ]
    document = replace(DOCUMENT, rounds=tuple(rounds), types=tuple(types))

    run = replay_day(document, payments(10), citizens=10)

    assert sum(pack.held for pack in run.packs) == 20
