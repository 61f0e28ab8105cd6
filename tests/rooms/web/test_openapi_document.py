"""The OpenAPI document alone: every operation is named, told and illustrated, and the committed copy is the same."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from yongquan.web.api.operations import read_told
from yongquan.web.site import openapi_document

COPY = Path(__file__).parents[3] / "clients/openapi.json"
METHODS = {"get", "post", "put", "delete", "patch"}


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return dict(json.loads(json.dumps(openapi_document())))


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    for section in ("paths", "webhooks"):
        for path, methods in document[section].items():
            for method, operation in methods.items():
                assert method in METHODS
                yield f"{method.upper()} {path}", operation


def media(operation: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    yield from operation.get("requestBody", {}).get("content", {}).items()
    for status, response in operation["responses"].items():
        if status.startswith("2"):
            yield from response.get("content", {}).items()


def test_every_operation_has_a_lasting_name_and_words(document: dict[str, Any]) -> None:
    told = dict(operations(document))
    names = Counter(operation.get("operationId") for operation in told.values())
    tags = {tag["name"] for tag in document["tags"]}

    assert [name for name, times in names.items() if times > 1] == []
    assert [where for where, one in told.items() if not str(one.get("operationId")).isidentifier()] == []
    assert [where for where, one in told.items() if not one.get("summary") or not one.get("description")] == []
    assert [where for where, one in told.items() if not tags.issuperset(one.get("tags") or ["none"])] == []
    assert {name for name in read_told().operations if name not in told} == set()


def test_every_body_of_json_is_shaped_and_has_examples_of_its_shape(document: dict[str, Any]) -> None:
    missing, wrong = [], []
    for where, operation in operations(document):
        for kind, body in media(operation):
            if kind != "application/json":
                continue
            if not body.get("schema") or not body.get("examples"):
                missing.append(where)
            for name, example in body.get("examples", {}).items():
                schema = {"$ref": f"#/components/schemas/{name}"} if "." not in name else body["schema"]
                judge = Draft202012Validator(schema | {"components": document["components"]})
                wrong += [f"{where} {name}: {error.message}" for error in judge.iter_errors(example["value"])]

    assert missing == []
    assert wrong == []


def test_no_shape_is_told_in_vain(document: dict[str, Any]) -> None:
    text = json.dumps(document)
    named = {name: f'"#/components/schemas/{name}"' in text for name in document["components"]["schemas"]}

    assert [name for name, is_used in named.items() if not is_used] == []


def test_who_may_ask_is_told(document: dict[str, Any]) -> None:
    asked = {where: one.get("security") for where, one in operations(document) if " /v1/" in where}

    assert [where for where, security in asked.items() if security is None] == []
    assert [where for where, security in asked.items() if security == []] == ["GET /v1/rounds/{round_id}/terms"]
    assert {w for w, s in asked.items() if {"signature": []} in (s or [])} == {
        *(where for where in asked if " /v1/institutions/" in where or " /v1/risk/" in where),
        "POST /v1/payments",
    }


def test_the_committed_copy_is_what_the_server_tells(document: dict[str, Any]) -> None:
    assert json.loads(COPY.read_text()) == document, "run `make clients`"
