"""Names, words and examples of the API's operations, from `operations.yaml`, put into the OpenAPI document."""

from functools import cache
from pathlib import Path
from typing import Any

import msgspec

_FILE = Path(__file__).with_suffix(".yaml")
# Components that are one of several.
ALTERNATIVES = {
    "PaymentRequest": ("PaymentByTill", "PaymentByApp", "PaymentByInstitution"),
    "Claimed": ("VoucherClaimed", "PackClaimed"),
}
_SCHEMAS = "#/components/schemas/"


class Operation(msgspec.Struct, forbid_unknown_fields=True):
    """What is told of one operation; `answers` names the schema of a status, `media` a type that is not JSON."""

    id: str
    summary: str
    about: str = ""
    answers: dict[str, str] = {}
    media: str = ""

    def apply(self, operation: dict[str, Any]) -> None:
        """Put it into an operation of the document."""
        operation["operationId"] = self.id
        operation["summary"] = self.summary
        operation["description"] = operation.get("description") or self.about
        responses = operation["responses"]
        if self.answers and "200" not in self.answers and "201" in self.answers:
            responses.pop("200", None)
        for status, name in self.answers.items():
            content = {"application/json": {"schema": {"$ref": _SCHEMAS + name}}}
            told = responses.get(status, {}).get("description") or "Accepted: the outcome is not known yet"
            responses[status] = {"description": told, "content": content}
        if self.media:
            responses["200"]["content"] = {self.media: {"schema": {"type": "string"}}}


class Told(msgspec.Struct, forbid_unknown_fields=True):
    """The whole file."""

    tags: dict[str, str]
    operations: dict[str, Operation]
    examples: dict[str, Any]

    def apply(self, method: str, path: str, operation: dict[str, Any]) -> None:
        """Put words and examples into the operation at `method` and `path`."""
        known = self.operations.get(f"{method.upper()} {path}")
        if known is not None:
            known.apply(operation)
        for holder in (operation.get("requestBody", {}), *operation["responses"].values()):
            for media in holder.get("content", {}).values():
                self._illustrate(media)

    def _illustrate(self, media: dict[str, Any]) -> None:
        names = [name for name in _names(media.get("schema", {})) if name in self.examples]
        if names:
            media["examples"] = {name: {"value": self.examples[name]} for name in names}


def _names(schema: dict[str, Any]) -> list[str]:
    """The components that a schema refers to, alternatives by their own names."""
    parts = [schema, *schema.get("anyOf", []), *schema.get("oneOf", [])]
    named = [part["$ref"].removeprefix(_SCHEMAS) for part in parts if part.get("$ref", "").startswith(_SCHEMAS)]
    return [one for name in named for one in ALTERNATIVES.get(name, (name,))]


@cache
def read_told() -> Told:
    """The file as it is installed."""
    return msgspec.yaml.decode(_FILE.read_bytes(), type=Told)
