"""What an application with proof asks for, and what may stand in each field; pure.

Numbers that tell a thing apart (invoice, plate, receipt) are brought to one form, so that the same one is found again
whatever gaps, widths or capitals it was typed with.
"""

import re
import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Literal

import msgspec

from yongquan.kernel.errors import BadInput, Refusal

FieldKind = Literal["text", "amount", "invoice", "plate", "receipt", "upload"]
MARKED_KINDS = frozenset({"invoice", "plate", "receipt"})
FIELD_NAME = "^[a-z][a-z0-9_]{0,30}$"
UPLOAD_MAX = 2 * 1024 * 1024
FIELDS_MAX = 20
TEXT_MAX = 200
# GA 36: a province's character, a letter of the city, five characters, or six for new energy; no I and no O.
_PLATE = re.compile(
    r"[京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼][A-HJ-NP-Z]"
    r"(?:[A-HJ-NP-Z0-9]{4}[A-HJ-NP-Z0-9挂学警港澳]|[DF][A-HJ-NP-Z0-9][0-9]{4}|[0-9]{5}[DF])"
)
_INVOICE = re.compile(r"\d{8}|\d{20}", re.ASCII)
_RECEIPT = re.compile(r"[A-Z0-9]{6,32}")
_AMOUNT = re.compile(r"(\d{1,9})(?:\.(\d{1,2}))?", re.ASCII)
_MAGIC = ((b"\xff\xd8\xff", "image/jpeg"), (b"\x89PNG\r\n\x1a\n", "image/png"), (b"%PDF-", "application/pdf"))


class Benefit(StrEnum):
    """What an approved application ends in: the round's voucher, or its amount paid to the applicant's card."""

    VOUCHER = "voucher"
    CARD = "card"


class Field(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One thing that is asked. `decides` marks the amount that the second person's threshold looks at."""

    name: Annotated[str, msgspec.Meta(pattern=FIELD_NAME)]
    label: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    label_en: Annotated[str, msgspec.Meta(min_length=1, max_length=60)]
    kind: FieldKind
    required: bool = True
    decides: bool = False


class Form(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a round of mode apply asks for; amounts in fen."""

    fields: Annotated[tuple[Field, ...], msgspec.Meta(min_length=1, max_length=FIELDS_MAX)]
    second_from_fen: Annotated[int, msgspec.Meta(ge=1)] | None = None
    benefit: Benefit = Benefit.VOUCHER

    def needs_second(self, amount_fen: int) -> bool:
        """Whether another person approves too: always before money leaves, else from the form's amount on."""
        reached = self.second_from_fen is not None and amount_fen >= self.second_from_fen
        return reached or self.benefit is Benefit.CARD


class WrongAnswers(Refusal):
    """Fields that are missing or cannot be right; `fields` names each with why: missing, malformed, too_long."""

    code = "bad_request"

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__(", ".join(f"{name}: {why}" for name, why in fields.items()), fields=dict(fields))
        self.fields = dict(fields)


class NotAProof(Refusal):
    """An upload is no JPEG, PNG or PDF, or is larger than 2 MB."""

    code = "not_a_proof"


def read_form(text: str | bytes) -> Form:
    """The form of a JSON document. Raises `BadInput` naming the field."""
    try:
        form = msgspec.json.decode(text, type=Form)
    except msgspec.DecodeError as error:
        raise BadInput(f"form: {error}") from error
    names = [field.name for field in form.fields]
    if len(set(names)) != len(names):
        raise BadInput("form: two fields have the same name")
    if any(field.decides and field.kind != "amount" for field in form.fields):
        raise BadInput("form: only an amount can decide")
    if form.second_from_fen is not None and not any(field.decides for field in form.fields):
        raise BadInput("form: second_from_fen needs an amount that decides")
    return form


def read_answers(form: Form, given: Mapping[str, str]) -> dict[str, str]:
    """The answers in their one form, amounts as fen; uploads are read apart. Raises `WrongAnswers`."""
    answers, wrong = {}, {}
    for field in form.fields:
        said = given.get(field.name, "").strip()
        if field.kind == "upload":
            continue
        if not said:
            if field.required:
                wrong[field.name] = "missing"
            continue
        if len(said) > TEXT_MAX:
            wrong[field.name] = "too_long"
            continue
        normal = normalised(field.kind, said)
        if normal is None:
            wrong[field.name] = "malformed"
        else:
            answers[field.name] = normal
    if wrong:
        raise WrongAnswers(wrong)
    return answers


def normalised(kind: FieldKind, said: str) -> str | None:
    """An answer in its one form; None if it cannot be right."""
    text = unicodedata.normalize("NFKC", said)
    if kind == "text":
        return text
    if kind == "amount":
        found = _AMOUNT.fullmatch(text.replace(",", "").removeprefix("¥").strip())
        return str(int(found[1]) * 100 + int((found[2] or "").ljust(2, "0"))) if found else None
    compact = re.sub(r"[\s·.•\-_/]", "", text).upper()
    pattern = {"plate": _PLATE, "invoice": _INVOICE, "receipt": _RECEIPT}[kind]
    return compact if pattern.fullmatch(compact) else None


def deciding_fen(form: Form, answers: Mapping[str, str]) -> int:
    """The amount that the second person's threshold looks at; 0 without one."""
    return sum(int(answers.get(field.name, "0")) for field in form.fields if field.decides)


def marks_of(form: Form, answers: Mapping[str, str]) -> list[tuple[str, str]]:
    """(kind, number) of all that tells a thing apart."""
    kinds = {field.name: field.kind for field in form.fields if field.kind in MARKED_KINDS}
    return [(kind, answers[name]) for name, kind in kinds.items() if name in answers]


def media_type_of(content: bytes) -> str:
    """What an upload is, by its first bytes. Raises `NotAProof`."""
    if len(content) <= UPLOAD_MAX:
        for magic, media_type in _MAGIC:
            if content.startswith(magic):
                return media_type
    raise NotAProof
