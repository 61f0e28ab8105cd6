"""A plan that is published before the draw binds the analysis after it."""

from pathlib import Path
from uuid import UUID

import pytest

from yongquan.kernel.errors import BadInput
from yongquan.vouchers.effect_plan import PlanDiffers, deviations, plan_of, read_plan, require_registered

PLAN = """
round_id: 018f0000-0000-7000-8000-000000000001
hypothesis: 中签者在活动期内的消费高于未中签者
window:
  starts_at: 2022-08-10T00:00:00+08:00
  ends_at: 2022-08-17T00:00:00+08:00
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    written = tmp_path / "plan.yaml"
    written.write_text(PLAN, encoding="utf-8")
    return written


def test_the_hash_does_not_depend_on_how_the_file_is_written(file: Path, tmp_path: Path) -> None:
    plan = read_plan(file)
    other = tmp_path / "plan.json"
    other.write_text(plan.model_dump_json(), encoding="utf-8")

    assert read_plan(other).digest() == plan.digest()
    assert len(plan.digest()) == 64


def test_an_analysis_as_published_has_no_deviations(file: Path) -> None:
    assert require_registered(read_plan(file), read_plan(file)) == ()


def test_another_analysis_is_refused_without_a_reason_and_marked_with_one(file: Path) -> None:
    registered = read_plan(file)
    asked = registered.model_copy(update={"outcome": "own_money", "adjust": True})

    with pytest.raises(PlanDiffers):
        require_registered(registered, asked)
    assert require_registered(registered, asked, reason="the bureau asked") == ("adjust", "outcome")
    assert deviations(registered, asked) == ("adjust", "outcome")


def test_a_plan_of_another_round_is_never_run(file: Path) -> None:
    registered = read_plan(file)
    asked = registered.model_copy(update={"round_id": UUID(int=5)})

    with pytest.raises(PlanDiffers):
        require_registered(registered, asked, reason="any")


@pytest.mark.parametrize(
    ("line", "field"),
    [
        ("level: 2", "level"),
        ("outcome: everything", "outcome"),
        ("fishing: true", "fishing"),
        ("window: {starts_at: 2022-08-10T00:00:00Z, ends_at: 2022-08-09T00:00:00Z}", "window"),
        ("window: {starts_at: 2022-08-10T00:00:00, ends_at: 2022-08-19T00:00:00}", "window.starts_at"),
    ],
)
def test_a_wrong_field_is_named(file: Path, line: str, field: str) -> None:
    kept = PLAN.split("window:", maxsplit=1)[0] if line.startswith("window") else PLAN
    file.write_text(kept + line, encoding="utf-8")

    with pytest.raises(BadInput, match=field):
        read_plan(file)


def test_what_is_not_yaml_is_named_by_line() -> None:
    with pytest.raises(BadInput, match="the document"):
        plan_of("text", name="plan")
