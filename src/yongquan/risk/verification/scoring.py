"""The event model's score of a transfer, from the asker's own earlier questions alone."""

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from yongquan.risk.model.events import UNKNOWN, Events, Ints
from yongquan.risk.model.fitted import Fitted, score_events
from yongquan.risk.model.storing import load_model
from yongquan.risk.verification.store import Transfer


def load_score(file: Path) -> Callable[[Sequence[Transfer]], float]:
    """The score by a model file of `risk fit`. Raises `BadInput` if it is not one."""
    return partial(score_last, load_model(file))


def score_last(model: Fitted, transfers: Sequence[Transfer]) -> float:
    """How bad the last of these looks beside those before it, 0 to 1. Takes some tens of milliseconds."""
    return float(score_events(model, _events(transfers)).score[-1])


def _events(transfers: Sequence[Transfer]) -> Events:
    numbers: dict[bytes, int] = {}
    devices: dict[bytes, int] = {}

    def numbered(known: dict[bytes, int], mark: bytes | None) -> int:
        return UNKNOWN if mark is None else known.setdefault(bytes(mark), len(known))

    length = len(transfers)
    return Events(
        position=np.arange(length),
        event_id=tuple(map(str, range(length))),
        at_us=_ints(int(one.at.timestamp() * 1_000_000) for one in transfers),
        payer=_ints(numbered(numbers, one.payer) for one in transfers),
        payee=_ints(numbered(numbers, one.payee) for one in transfers),
        amount_fen=_ints(one.amount_fen for one in transfers),
        label=np.full(length, UNKNOWN, np.int64),
        location=None,
        device=_ints(numbered(devices, one.device) for one in transfers),
        kind=None,
        kinds=(),
        x={},
    )


def _ints(values: Iterable[int]) -> Ints:
    return np.fromiter(values, np.int64)
