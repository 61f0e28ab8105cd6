"""When a webhook is tried again, and what a receiver checks."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from yongquan.plumbing.webhooks import TRIES_MAX, Delivery, Outcome, sign, wait_s

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def delivery(*, tries: int = 1, event: int = 7, body: str = '{"type": "voucher.claimed"}') -> Delivery:
    return Delivery(UUID(int=1), UUID(int=event), "http://test", b"", body, tries)


@given(st.integers(0, 2**128 - 1), st.integers(1, TRIES_MAX))
def test_waits_grow_fourfold_to_a_day_less_at_most_half(event: int, tries: int) -> None:
    full = min(5 * 4 ** (tries - 1), 86_400)

    assert full / 2 <= wait_s(delivery(tries=tries, event=event)) <= full


@pytest.mark.parametrize(
    ("status", "tries", "state"),
    [
        (200, 1, "delivered"),
        (204, TRIES_MAX, "delivered"),
        (301, 1, "waiting"),
        (500, TRIES_MAX - 1, "waiting"),
        (500, TRIES_MAX, "dead"),
        (None, TRIES_MAX, "dead"),
        (None, 1, "waiting"),
    ],
)
def test_only_2xx_is_delivered_and_the_last_failure_is_dead(status: int | None, tries: int, state: str) -> None:
    assert Outcome(delivery(tries=tries), status).state == state


def test_a_receiver_accepts_the_signature_of_a_standard_webhook() -> None:
    sent = delivery(body='{"type": "voucher.claimed", "data": {"name": "甬券"}}')

    headers = dict(sign(sent, secret=SECRET, at=datetime.now(UTC)))

    assert Webhook(SECRET).verify(sent.body, headers)["data"] == {"name": "甬券"}
    assert headers["webhook-id"] == str(sent.event_id)


def test_a_receiver_refuses_another_body_and_an_old_message() -> None:
    sent = delivery()
    fresh = dict(sign(sent, secret=SECRET, at=datetime.now(UTC)))
    old = dict(sign(sent, secret=SECRET, at=datetime.now(UTC) - timedelta(minutes=6)))

    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(sent.body + " ", fresh)
    with pytest.raises(WebhookVerificationError):
        Webhook(SECRET).verify(sent.body, old)
