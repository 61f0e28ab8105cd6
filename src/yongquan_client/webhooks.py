"""Reading callbacks (Standard Webhooks 1.0): who sent them, when, and what happened."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec
from standardwebhooks.webhooks import Webhook, WebhookVerificationError


class BadCallback(Exception):
    """Not signed with this secret, or sent more than five minutes ago: answer 400 and do nothing."""


class Event(msgspec.Struct, frozen=True):
    """What happened. `event_id` is the same at every try: keep it, and drop what was seen before."""

    event_id: str
    type: str
    timestamp: datetime
    data: dict[str, Any]


class _Body(msgspec.Struct):
    type: str
    timestamp: datetime
    data: dict[str, Any]


def read_callback(secret: str, headers: Mapping[str, str], body: bytes) -> Event:
    """The event of a callback. `secret` (`whsec_..`) is the endpoint's. Raises `BadCallback`."""
    named = {name.lower(): value for name, value in headers.items()}
    try:
        Webhook(secret).verify(body, named)
    except WebhookVerificationError as error:
        raise BadCallback(str(error)) from error
    read = msgspec.json.decode(body, type=_Body)
    return Event(named["webhook-id"], read.type, read.timestamp, read.data)
