"""Notices of the v3 shape: only their receiver reads them, and they come again on the format's own table."""

import base64
import json
from datetime import UTC, datetime
from uuid import uuid4

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from yongquan.institutions.v3 import checked_api_key, encrypt_resource
from yongquan.institutions.v3_notices import Notice, Try, TryOutcome, envelope
from yongquan.kernel.errors import BadInput

KEY = "0123456789abcdefghijklmnopqrstuv"
NOTICE = Notice(
    uuid4(),
    "1900000001",
    "http://m.example/n",
    "COUPON.USE",
    "核销",
    "coupon",
    '{"a":"券"}',
    datetime(2026, 6, 1, tzinfo=UTC),
)


def outcome(number: int, status: int | None) -> TryOutcome:
    return TryOutcome(Try(NOTICE, number, b""), status)


def test_a_notice_is_tried_sixteen_times_on_the_formats_table() -> None:
    waits = [outcome(number, 500).wait_s for number in range(1, 16)]

    assert waits[:5] == [15, 15, 30, 180, 600]
    assert waits[-3:] == [10_800, 21_600, 21_600]
    assert [outcome(number, 500).state for number in (1, 15, 16)] == ["waiting", "waiting", "dead"]


@pytest.mark.parametrize(
    ("status", "state"), [(200, "delivered"), (204, "delivered"), (202, "waiting"), (None, "waiting")]
)
def test_only_200_and_204_are_taken_for_received(status: int | None, state: str) -> None:
    assert outcome(1, status).state == state


def test_every_try_has_the_same_id_and_another_nonce() -> None:
    first, second = (json.loads(envelope(NOTICE, api_key=KEY)) for _ in range(2))

    assert (first["id"], first["create_time"]) == (str(NOTICE.notice_id), "2026-06-01T08:00:00+08:00")
    assert first["id"] == second["id"]
    assert first["resource"]["nonce"] != second["resource"]["nonce"]


def test_only_the_merchants_key_opens_the_resource() -> None:
    sealed = encrypt_resource(NOTICE.resource, api_key=KEY, associated_data="coupon")
    parts = (sealed["nonce"].encode(), base64.b64decode(sealed["ciphertext"]), b"coupon")

    assert AESGCM(KEY.encode()).decrypt(*parts).decode() == NOTICE.resource
    with pytest.raises(InvalidTag):
        AESGCM(b"x" * 32).decrypt(*parts)


def test_a_key_of_another_length_is_no_api_key() -> None:
    assert checked_api_key(KEY + "\n") == KEY
    with pytest.raises(BadInput, match="32"):
        checked_api_key(KEY[:-1])
