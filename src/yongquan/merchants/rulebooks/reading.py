"""A rule document: YAML into a frozen class, with the field named where it is wrong. Pure."""

import hashlib
from typing import Any, TypeVar

import msgspec
import yaml

from yongquan.kernel.errors import BadInput

DOCUMENT_MAX = 20_000
_Rules = TypeVar("_Rules")


def read_rules(document: str, wanted: type[_Rules]) -> _Rules:
    """The rules out of their YAML. Raises `BadInput` with the line or the field."""
    if len(document) > DOCUMENT_MAX:
        raise BadInput(f"the rules have {len(document)} characters: {DOCUMENT_MAX} at most")
    try:
        sent = yaml.safe_load(document)
        rules = msgspec.convert(sent, wanted, strict=True)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark else 1
        raise BadInput(f"line {line}: {error.problem}") from error
    except (yaml.YAMLError, msgspec.ValidationError) as error:
        raise BadInput(str(error)) from error
    # What is left out takes its default, so a misspelt field must not pass for one left out.
    unknown = next(_unknown(sent, msgspec.to_builtins(rules), "$"), None)
    if unknown:
        raise BadInput(f"{unknown} is no field of these rules")
    return rules


def digest_of(text: str) -> str:
    """How a document is known: SHA-256 in hex."""
    return hashlib.sha256(text.encode()).hexdigest()


def _unknown(sent: Any, read: Any, path: str) -> Any:
    if isinstance(sent, dict) and isinstance(read, dict):
        for key, value in sent.items():
            if key not in read:
                yield f"{path}.{key}"
            else:
                yield from _unknown(value, read[key], f"{path}.{key}")
    elif isinstance(sent, list) and isinstance(read, list | tuple):
        for number, (one, other) in enumerate(zip(sent, read, strict=False)):
            yield from _unknown(one, other, f"{path}[{number}]")
