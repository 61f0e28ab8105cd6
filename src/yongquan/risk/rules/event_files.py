"""Files of events as events that rules judge: payer a citizen, payee a store, location a place."""

from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final
from uuid import NAMESPACE_OID, UUID, uuid5

from yongquan.risk.events import Entity, EventKind, RiskEvent
from yongquan.risk.model.events import Events
from yongquan.risk.model.reading import read_named_events
from yongquan.risk.rules.backtest import JudgedRow

COLUMNS: Final[Mapping[str, Entity]] = {
    "payer_id": Entity.CITIZEN,
    "payee_id": Entity.STORE,
    "device_id": Entity.DEVICE,
    "location": Entity.PLACE,
}
VOUCHER: Final = "x_voucher"
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class EventFile:
    """The rows of a file in the order of time; rows of one instant in the order of the file."""

    def __init__(self, file: Path) -> None:
        self._events: Events
        self._events, self._names, self.passed_over = read_named_events(file)
        self.taken_as_payment: Counter[str] = Counter()

    def __len__(self) -> int:
        return len(self._events)

    @property
    def has_labels(self) -> bool:
        return bool((self._events.label >= 0).any())

    def rows(self, fact_types: Mapping[str, type]) -> Iterator[JudgedRow]:
        """Each row. `x_NAME` is the fact NAME where rules know it; `x_voucher` is the vouchers' part, in fen.

        A kind that the product does not have is judged as a payment, with its name as `facts.channel`.
        """
        columns = [(party, self._names[name]) for name, party in COLUMNS.items() if name in self._names]
        kinds = self._names.get("kind")
        for at, event_id in enumerate(self._events.event_id):
            facts = self._facts(at, fact_types)
            kind = self._kind(kinds[at] if kinds else "", facts)
            event = RiskEvent(
                event_id=_uuid(event_id),
                kind=kind,
                at=_EPOCH + timedelta(microseconds=int(self._events.at_us[at])),
                parties={party: values[at] for party, values in columns if values[at]},
                amount_fen=int(self._events.amount_fen[at]),
                voucher_fen=self._number(VOUCHER, at) or 0,
                facts=facts,
            )
            yield JudgedRow(event, int(self._events.label[at]))

    def _facts(self, at: int, fact_types: Mapping[str, type]) -> dict[str, bool | int | str]:
        facts: dict[str, bool | int | str] = {}
        for column in self._events.x:
            kind = fact_types.get(column.removeprefix("x_"))
            number = self._number(column, at)
            if kind in {int, bool} and number is not None:
                facts[column.removeprefix("x_")] = number if kind is int else number != 0
        return facts

    def _number(self, column: str, at: int) -> int | None:
        # Facts are whole numbers: fractions are cut off.
        values = self._events.x.get(column)
        return None if values is None or values[at] != values[at] else int(values[at])

    def _kind(self, written: str, facts: dict[str, bool | int | str]) -> EventKind:
        if not written or written in set(EventKind):
            return EventKind(written or EventKind.PAYMENT)
        self.taken_as_payment[written] += 1
        facts["channel"] = written
        return EventKind.PAYMENT


def _uuid(event_id: str) -> UUID:
    return uuid5(NAMESPACE_OID, event_id)
