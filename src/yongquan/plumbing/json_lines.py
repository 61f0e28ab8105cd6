"""Files of one JSON document a line: read strictly, and a fault named by file, line and field."""

import re
from collections.abc import Callable
from typing import TypeVar

import msgspec

from yongquan.kernel.errors import BadInput

Read = TypeVar("Read")


class FieldError(Exception):
    """A rule that a form cannot express is broken; carries the field and what is wrong with it."""

    def __init__(self, field: str, fault: str) -> None:
        super().__init__(fault)
        self.field = field


def read_line(read: Callable[[bytes], Read], line: bytes, *, where: str) -> Read:
    """What `read` makes of a line. Raises `BadInput` that begins with `where` and names the field at fault."""
    try:
        return read(line)
    except msgspec.ValidationError as error:
        fault, _, field = str(error).partition(" - at `")
        raise BadInput(f"{where}: {_field_name(fault, field.rstrip('`'))}: {fault}") from error
    except FieldError as error:
        raise BadInput(f"{where}: {error.field}: {error}") from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"{where}: the line: not one JSON object ({error})") from error


def _field_name(fault: str, path: str) -> str:
    """The field as `offers[0].amount_fen` (a missing or unknown one is in the fault)."""
    named = re.search(r"field `(.*)`", fault)
    parts = [path.removeprefix("$").removeprefix("."), named[1] if named else ""]
    return ".".join(part for part in parts if part) or "the line"
