"""The fee table as a form: read back as it was, rows added and taken out, faults at their fields."""

from yongquan.payments.fees import CardKind, FeeRule, FeeTable, Rate, RefundRule
from yongquan.web.console.fee_form import BAD_CAP, BAD_PERCENT, BAD_YUAN, LAST_MUST_FIT, form_from, form_of

TABLE = FeeTable(
    rules=(
        FeeRule(name="免收", mccs=("8", "9311"), exempt=True),
        FeeRule(name="信用卡", cards=(CardKind.CREDIT,), interchange=Rate(45, 0, 2_000), acquirer=Rate(10, 100)),
        FeeRule(name="其他", interchange=Rate(24), network=Rate(4)),
    ),
    credit_prefixes=frozenset({"622155"}),
    refunds=RefundRule.KEPT,
    same_day=Rate(5, 100),
)


def test_a_table_goes_into_the_form_and_comes_back_the_same() -> None:
    assert form_from(form_of(TABLE).typed).table() == TABLE


def test_a_row_is_added_before_the_last_and_taken_out_again() -> None:
    form = form_of(TABLE)

    form.add_row()
    assert (form.rows, form.text("3.name"), form.text("2.name")) == (4, "其他", "")
    assert form.table() is None
    assert list(form.faults) == ["2.name"]
    form.remove_row(2)

    assert form.table() == TABLE


def test_faults_are_told_at_their_fields_and_nothing_typed_is_lost() -> None:
    form = form_of(TABLE)
    wrong = {"0.network.rate": "1.234", "1.interchange.cap": "x", "1.acquirer.cap": "0.50", "2.mccs": "5812"}
    form.typed |= wrong

    assert form.table() is None
    assert form.faults == {
        "0.network.rate": BAD_PERCENT,
        "1.interchange.cap": BAD_YUAN,
        "1.acquirer.cap": BAD_CAP,
        "2.mccs": LAST_MUST_FIT,
    }
    assert form.typed.items() >= wrong.items()


def test_a_sample_payment_says_what_each_party_gets() -> None:
    form = form_of(TABLE)
    form.typed |= {"sample.amount": "5000", "sample.mcc": "5812", "sample.card": "credit"}

    sample = form.sample(TABLE)

    assert sample is not None
    assert (sample.rule, sample.fees.interchange_fen, sample.fees.network_fen) == ("信用卡", 2_000, 0)
    assert (sample.fees.acquirer_fen, sample.shop_fen) == (500, 500_000 - 2_500)
    form.typed["sample.amount"] = ""
    assert form.sample(TABLE) is None
    assert list(form.faults) == ["sample.amount"]
