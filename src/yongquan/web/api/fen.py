"""Money in bodies: a whole number of fen, as JSON Schema means it (8800 and 8800.0, not "8800")."""

from typing import Annotated

from pydantic import BeforeValidator, Field

BIGGEST_FEN = 2**53


def _whole(value: object) -> object:
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


PositiveFen = Annotated[int, Field(gt=0, le=BIGGEST_FEN, strict=True), BeforeValidator(_whole)]


def whole_numbers(document: object) -> object:
    """A JSON document whose numbers like 8800.0 are integers, as JSON Schema counts them."""
    if isinstance(document, dict):
        return {name: whole_numbers(value) for name, value in document.items()}
    if isinstance(document, list):
        return [whole_numbers(value) for value in document]
    return _whole(document)
