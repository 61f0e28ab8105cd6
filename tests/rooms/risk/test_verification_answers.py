"""What an answer says of others' reports tells nobody who they were."""

from hypothesis import given
from hypothesis import strategies as some

from yongquan.risk.verification.deciding import decide
from yongquan.risk.verification.model import (
    About,
    Advice,
    Decision,
    Evidence,
    Facts,
    Level,
    OwnFinding,
    Reason,
    ReportKind,
    Scene,
    Told,
)
from yongquan.risk.verification.reasons import REASONS
from yongquan.risk.verification.sandbox import sandbox_facts

ASKER = "asker"
OTHERS = [f"bank-{n}" for n in range(8)]
told = some.builds(
    Told,
    some.sampled_from(About),
    some.sampled_from(ReportKind),
    some.sampled_from(Evidence),
    some.sampled_from(OTHERS),
)
facts_of_others = some.builds(
    Facts,
    reports=some.lists(told, max_size=8).map(tuple),
    findings=some.frozensets(some.tuples(some.sampled_from(About), some.sampled_from(OwnFinding)), max_size=3),
    askers=some.dictionaries(some.sampled_from(About), some.integers(0, 20), max_size=3),
    score=some.none() | some.floats(0, 1),
)
scenes = some.sampled_from(Scene)


def decided(scene: Scene, *reports: Told, **more: object) -> Decision:
    return decide(scene, Facts(reports=reports, **more), asker=ASKER)  # type: ignore[arg-type]


@given(scenes, facts_of_others, some.permutations(OTHERS))
def test_an_answer_is_the_same_whichever_institutions_contributed(scene: Scene, facts: Facts, names: list[str]) -> None:
    renamed = dict(zip(OTHERS, names, strict=True))
    swapped = tuple(Told(t.about, t.kind, t.evidence, renamed[t.institution]) for t in facts.reports)

    after = decide(scene, Facts(swapped, facts.findings, facts.askers, facts.score), asker=ASKER)

    assert after == decide(scene, facts, asker=ASKER)


@given(scenes, facts_of_others, told)
def test_a_report_more_by_a_third_institution_than_a_second_changes_no_reason_but_its_own(
    scene: Scene, facts: Facts, more: Told
) -> None:
    twice = (Told(more.about, more.kind, more.evidence, "x"), Told(more.about, more.kind, more.evidence, "y"))
    thrice = (*twice, Told(more.about, more.kind, more.evidence, "z"))

    with_two = decide(scene, Facts((*facts.reports, *twice), facts.findings, facts.askers, facts.score), asker=ASKER)
    with_three = decide(scene, Facts((*facts.reports, *thrice), facts.findings, facts.askers, facts.score), asker=ASKER)

    assert with_two == with_three


@given(scenes, facts_of_others, some.lists(told, min_size=1, max_size=4))
def test_planting_ones_own_reports_shows_nothing_more_of_others(
    scene: Scene, facts: Facts, planted: list[Told]
) -> None:
    own = tuple(Told(t.about, t.kind, t.evidence, ASKER) for t in planted)

    before = decide(scene, facts, asker=ASKER)
    after = decide(scene, Facts((*facts.reports, *own), facts.findings, facts.askers, facts.score), asker=ASKER)

    assert [r for r in after.reasons if r.code != "own_report"] == list(before.reasons)


@given(scenes, facts_of_others)
def test_every_reason_is_published(scene: Scene, facts: Facts) -> None:
    decision = decide(scene, facts, asker=ASKER)

    assert {reason.code for reason in decision.reasons} <= REASONS.keys()
    assert (decision.level is Level.NONE) == (decision.reasons == ())


def test_nothing_known_is_accepted() -> None:
    assert decided(Scene.TRANSFER) == Decision(Level.NONE, (), Advice.ACCEPT)


def test_two_documented_reports_refuse_where_one_is_checked() -> None:
    one = Told(About.ACCOUNT, ReportKind.MULE, Evidence.DOCUMENTED, "bank-1")
    two = Told(About.ACCOUNT, ReportKind.FRAUD, Evidence.DOCUMENTED, "bank-2")

    alone = decided(Scene.ACCOUNT_OPENING, one)
    together = decided(Scene.ACCOUNT_OPENING, one, two)

    assert (alone.level, alone.advice) == (Level.MEDIUM, Advice.CHECK)
    assert (together.level, together.advice) == (Level.HIGH, Advice.REFUSE)
    assert Reason("reported_by_several", About.ACCOUNT) in together.reasons


def test_a_passing_phone_never_refuses_its_next_holder() -> None:
    found = decided(Scene.ACCOUNT_OPENING, Told(About.PHONE, ReportKind.FRAUD, Evidence.OFFICIAL, "bank-1"))

    assert found.level is Level.MEDIUM


def test_a_barred_merchants_owner_may_still_be_looked_at_as_a_person() -> None:
    barred = frozenset({(About.ID_NO, OwnFinding.BARRED_MERCHANT)})

    assert decided(Scene.MERCHANT_APPLICATION, findings=barred).advice is Advice.REFUSE
    assert decided(Scene.ACCOUNT_OPENING, findings=barred).advice is Advice.CHECK


def test_the_sandbox_shows_every_level_of_an_account() -> None:
    said = []
    for end in range(5):
        who = {About.PAYER: "6200000000000000", About.ACCOUNT: f"620000000000000{end}"}
        said.append(decide(Scene.TRANSFER, sandbox_facts(who, [], amount_fen=100), asker=ASKER).level)

    assert said == [Level.NONE, Level.LOW, Level.MEDIUM, Level.HIGH, Level.HIGH]
