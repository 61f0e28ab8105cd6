"""An application's life, its fields, what differs between two revisions, and what is kept of a photo."""

import io
from itertools import product

import pytest
from PIL import Image

from yongquan.kernel.credit_codes import credit_code
from yongquan.merchants.applications.model import (
    MOVES,
    ForbiddenMove,
    State,
    differences,
    faults_of,
    require_move,
    steps_of,
)
from yongquan.merchants.applications.photos import UPLOAD_MAX, NotAPhoto, redraw

S = State
ALLOWED = {
    *((S.DRAFT, S.SUBMITTED), (S.DRAFT, S.WITHDRAWN), (S.SUBMITTED, S.CHECKING), (S.SUBMITTED, S.WITHDRAWN)),
    *((S.CHECKING, to) for to in (S.IN_REVIEW, S.REJECTED, S.STOPPED, S.WITHDRAWN)),
    *((S.IN_REVIEW, to) for to in (S.SECOND_REVIEW, S.APPROVED, S.REJECTED, S.STOPPED, S.WITHDRAWN)),
    *((S.SECOND_REVIEW, to) for to in (S.APPROVED, S.REJECTED, S.STOPPED, S.WITHDRAWN)),
    *((S.REJECTED, S.SUBMITTED), (S.REJECTED, S.WITHDRAWN), (S.STOPPED, S.APPEALED)),
    *((S.APPEALED, to) for to in (S.SECOND_REVIEW, S.REJECTED, S.STOPPED, S.WITHDRAWN)),
    (S.APPROVED, S.OPEN),
}
FULL = {
    "has_licence": "yes",
    "licence_no": credit_code(7, adcode="330203", is_company=False),
    "licence_photo": "p",
    "applicant": "owner",
    "person_name": "沈小湖",
    "person_id_no": "330203199001011233",
    "shop_name": "阿水面馆",
    "industry": "dining",
    "address": "药行街12号",
    "lon": "121.55",
    "lat": "29.87",
    "adcode": "330203",
    "acquirer": "donggang",
    "account_no": "622000001",
    "account_holder": "沈小湖",
}


def test_every_move_that_is_not_allowed_is_forbidden() -> None:
    assert set(MOVES) == set(State)
    for pair in product(State, State):
        if pair in ALLOWED:
            require_move(*pair)
        else:
            with pytest.raises(ForbiddenMove):
                require_move(*pair)


def test_a_full_form_has_no_fault() -> None:
    number = "33020319900101123"
    body = FULL | {"person_id_no": number + _check(number)}

    assert faults_of(body) == {}
    assert steps_of(body) == ("licence", "photo", "person", "store", "account")


def test_faults_are_told_by_field() -> None:
    typed = FULL | {"licence_no": "123", "person_id_no": "1", "shop_name": " ", "lat": "north", "account_no": "#"}

    assert faults_of(typed) == {
        "licence_no": "malformed",
        "person_id_no": "malformed",
        "shop_name": "missing",
        "lat": "malformed",
        "account_no": "malformed",
    }


def test_an_agent_shows_a_letter_and_who_has_no_licence_no_photo() -> None:
    agent = faults_of(FULL | {"applicant": "agent"}, ["letter"])
    without = steps_of(FULL | {"has_licence": "no", "licence_no": ""})

    assert agent == dict.fromkeys(("agent_name", "agent_id_no", "letter_photo"), "missing")
    assert without == ("licence", "person", "store", "account")


def test_a_revision_is_laid_beside_the_one_before() -> None:
    told = differences(FULL, FULL | {"address": "药行街21号", "serial_no": "S1"})

    assert [(d.name, d.was, d.became) for d in told] == [
        ("address", "药行街12号", "药行街21号"),
        ("serial_no", "", "S1"),
    ]


def test_a_photo_keeps_its_picture_and_nothing_else() -> None:
    taken = Image.new("RGB", (3000, 1000), "white")
    exif = taken.getexif()
    exif[0x010F], exif[0x0112] = "Camera", 6
    file = io.BytesIO()
    taken.save(file, "JPEG", exif=exif)

    kept = redraw(file.getvalue())

    with Image.open(io.BytesIO(kept.content)) as again:
        assert dict(again.getexif()) == {}
    assert (kept.width, kept.height, kept.media_type) == (800, 2400, "image/jpeg")  # upright, as the camera meant it
    assert redraw(file.getvalue()).sha256 == kept.sha256


@pytest.mark.parametrize(
    ("content", "why"),
    [(b"%PDF-1.7 ..", "not_a_picture"), (b"", "not_a_picture"), (b"\0" * (UPLOAD_MAX + 1), "too_large")],
)
def test_what_is_no_photo_is_refused(content: bytes, why: str) -> None:
    with pytest.raises(NotAPhoto) as refused:
        redraw(content)

    assert refused.value.why == why


def test_a_stamp_is_no_photo() -> None:
    file = io.BytesIO()
    Image.new("RGB", (60, 60)).save(file, "PNG")

    with pytest.raises(NotAPhoto) as refused:
        redraw(file.getvalue())

    assert refused.value.why == "too_small"


def _check(body: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    return "10X98765432"[sum(int(d) * w for d, w in zip(body, weights, strict=True)) % 11]
