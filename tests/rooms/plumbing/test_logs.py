"""Logs carry the request's id and nobody's numbers."""

import asyncio
import json
import logging
from collections.abc import Iterator
from io import StringIO

import httpx
import pytest
import structlog
from fastapi import FastAPI

from yongquan.plumbing.logs import RequestLog, configure_logs, redact


@pytest.fixture
def said() -> Iterator[StringIO]:
    """What is logged meanwhile."""
    root, stream = logging.getLogger(), StringIO()
    handlers, level = root.handlers[:], root.level
    configure_logs(stream=stream)
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def request(path: str, headers: dict[str, str] | None = None) -> httpx.Response:
    site = FastAPI()

    @site.get("/shops/{name}")
    async def shop(name: str) -> dict[str, str]:
        structlog.get_logger("test").info("shop_read", name=name)
        return {"name": name}

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(RequestLog(site))
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            return await client.get(path, headers=headers)

    return asyncio.run(ask())


def test_a_given_request_id_is_returned_and_logged(said: StringIO) -> None:
    answer = request("/shops/a?phone=13812345678", {"X-Request-Id": "till-7.42"})

    lines = [json.loads(line) for line in said.getvalue().splitlines()]
    assert answer.headers["x-request-id"] == "till-7.42"
    assert [line["event"] for line in lines] == ["shop_read", "request"]
    assert {line["request_id"] for line in lines} == {"till-7.42"}
    assert lines[1]["status"] == 200
    assert "13812345678" not in json.dumps(lines)


def test_a_request_without_an_id_gets_one(said: StringIO) -> None:
    assert len(request("/shops/a").headers["x-request-id"]) == 32


def test_a_malformed_request_id_is_replaced(said: StringIO) -> None:
    assert request("/shops/a", {"X-Request-Id": 'x" injected'}).headers["x-request-id"] != 'x" injected'


def test_the_standard_librarys_loggers_write_the_same_lines(said: StringIO) -> None:
    logging.getLogger("elsewhere").warning("card %s declined", "6222021234567890123")

    line = json.loads(said.getvalue())
    assert line["event"] == "card 6222****0123 declined"
    assert line["level"] == "warning"


def test_an_exceptions_text_is_masked_too(said: StringIO) -> None:
    try:
        int("phone 13812345678")
    except ValueError:
        structlog.get_logger("test").exception("failed", at_phone="13812345678")

    assert "13****5678" in said.getvalue()
    assert "13812345678" not in said.getvalue()


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("call +8613812345678 now", "call 13****5678 now"),
        ("33020619900101123X", "3302****123X"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ({"token": "t", "deep": ["13812345678"]}, {"token": "***", "deep": ["13****5678"]}),
        ("order 0192f0a1-7c00-8400-8000-138123456789", "order 0192f0a1-7c00-8400-8000-138123456789"),
        (1699999999999, 1699999999999),
    ],
)
def test_numbers_of_people_are_masked_and_ids_are_not(value: object, shown: object) -> None:
    assert redact(None, "info", {"fact": value}) == {"fact": shown}


def test_what_a_key_names_as_secret_is_blank() -> None:
    assert redact(None, "info", {"password": "x", "access_token": "y", "pan": "z", "company": "c"}) == {
        "password": "***",
        "access_token": "***",
        "pan": "***",
        "company": "c",
    }
