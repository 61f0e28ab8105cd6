import io
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from PIL import Image, ImageDraw

from yongquan.merchants.surveys.model import (
    SURVEY_STEPS,
    ForbiddenSurveyStep,
    PhotoClaim,
    Position,
    Shop,
    SurveyState,
    SurveyStep,
    Visit,
    flags_of,
    next_survey_state,
)
from yongquan.merchants.surveys.photos import look_of

NOW = datetime(2022, 2, 21, 4, tzinfo=UTC)
SHOP = Shop("江厦面馆", 121.55, 29.87)


def visit(**changes: object) -> Visit:
    usual: dict[str, object] = {
        "survey_id": UUID(int=1),
        "revision": 1,
        "task_id": None,
        "store_id": UUID(int=2),
        "answers": {"status": "open", "sign_name": "江厦面馆"},
        "position": Position(121.55, 29.87, 10.0),
        "photos": [PhotoClaim(UUID(int=3), "front", 100, bytes(32))],
        "captured_at": NOW,
        "body_hash": bytes(32),
    }
    return Visit(**(usual | changes))  # type: ignore[arg-type]


def picture(shade: int) -> bytes:
    image = Image.new("RGB", (640, 480), (shade, 90, 60))
    pen = ImageDraw.Draw(image)
    for n in range(12):
        pen.rectangle((n * 50, n * 31 % 400, n * 50 + 40, n * 31 % 400 + 70), fill=(20 * n, 255 - 20 * n, shade))
    written = io.BytesIO()
    image.save(written, "JPEG")
    return written.getvalue()


def test_a_usual_visit_has_no_flag() -> None:
    assert flags_of(visit(), SHOP, received_at=NOW) == []


@pytest.mark.parametrize(
    ("changes", "flag"),
    [
        ({"position": None}, "no_position"),
        ({"position": Position(121.55, 29.87, 101.0)}, "poor_accuracy"),
        ({"position": Position(121.552, 29.87, 10.0)}, "far_from_shop"),
        ({"photos": []}, "no_front_photo"),
        ({"answers": {"status": "closed"}}, "not_open"),
        ({"answers": {"status": "open", "sign_name": "银座美发"}}, "sign_differs"),
        ({"captured_at": NOW + timedelta(minutes=11)}, "clock_ahead"),
        ({"captured_at": NOW - timedelta(days=8)}, "kept_long"),
    ],
)
def test_each_oddity_has_its_flag(changes: dict[str, object], flag: str) -> None:
    assert flags_of(visit(**changes), SHOP, received_at=NOW) == [flag]


def test_distance_counts_only_beyond_the_phones_own_doubt() -> None:
    doubtful = visit(position=Position(121.552, 29.87, 60.0))

    assert flags_of(doubtful, SHOP, received_at=NOW) == []


def test_every_other_step_is_refused() -> None:
    for state in SurveyState:
        for step in SurveyStep:
            if (state, step) not in SURVEY_STEPS:
                with pytest.raises(ForbiddenSurveyStep):
                    next_survey_state(state, step)


def test_prints_of_one_picture_look_alike_and_others_do_not() -> None:
    first = look_of(picture(200))
    with Image.open(io.BytesIO(picture(200))) as image:
        small = io.BytesIO()
        image.resize((400, 300)).save(small, "JPEG", quality=60)

    again, other = look_of(small.getvalue()), look_of(_noise())

    assert (first ^ again).bit_count() <= 4
    assert (first ^ other).bit_count() > 12


def _noise() -> bytes:
    written = io.BytesIO()
    Image.effect_noise((640, 480), 90).save(written, "JPEG")
    return written.getvalue()
