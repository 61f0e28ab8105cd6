"""Made-up events of several shapes, with invented frauds. Seeded; written as `yongquan risk fit` reads them."""

import csv
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np

START = datetime(2026, 3, 1, tzinfo=UTC)
Row = dict[str, object]


class World:
    """Payers with habits of amount, hour and favourite payees, over some weeks."""

    def __init__(self, *, seed: int, payers: int, payees: int, days: int, per_day: float, heavy: bool = False) -> None:
        self.lots = np.random.default_rng(seed)
        self.payers, self.payees, self.days = payers, payees, days
        self.rows: list[Row] = []
        usual = self.lots.normal(8.0, 0.8, payers)
        favourites = self.lots.integers(0, payees, (payers, 6))
        spread = 1.2 if heavy else 0.5
        for payer in range(payers):
            for _ in range(self.lots.poisson(per_day * days)):
                payee = self.lots.choice(favourites[payer]) if self.lots.random() < 0.8 else self.lots.integers(payees)
                when = int(self.lots.integers(days)) * 86400 + float(np.clip(self.lots.normal(6, 3), 0, 15.9)) * 3600
                amount = float(np.exp(usual[payer] + self.lots.normal(0, spread)))
                self.add(when, f"客{payer}", f"店-{payee}", amount, device=f"机{payer}", place=f"区{payer % 7}")

    def add(
        self, when: float, payer: str, payee: str, amount: float, *, bad: int = 0, device: str = "", place: str = ""
    ) -> None:
        """One event, `when` seconds after the start."""
        self.rows.append(
            {
                "at": (START + timedelta(seconds=round(when, 3))).isoformat(timespec="milliseconds"),
                "payer_id": payer,
                "payee_id": payee,
                "amount_fen": int(amount),
                "device_id": device,
                "location": place,
                "kind": "转账" if payee.startswith("客") else "消费",
                "label": bad,
                "x_noise": round(float(self.lots.normal()), 3),
            }
        )

    def take_over(self, cases: int) -> None:
        """Accounts taken over: a new device and place, a burst of larger payments to strangers."""
        for _ in range(cases):
            payer, begins = self.lots.integers(self.payers), self._moment()
            for number in range(int(self.lots.integers(3, 8))):
                amount = float(np.exp(self.lots.normal(9.5, 0.5)))
                payee = f"店-{self.lots.integers(self.payees)}"
                self.add(begins + number * 400, f"客{payer}", payee, amount, bad=1, device=f"贼{payer}", place="区外")

    def mules(self, rings: int) -> None:
        """Money goes from victims to a mule and on at once."""
        for ring in range(rings):
            begins = self._moment()
            for number in range(5):
                amount = float(np.exp(self.lots.normal(10, 0.3)))
                mule = f"客{self.lots.integers(self.payers)}"
                victim = f"客{self.lots.integers(self.payers)}"
                self.add(begins + number * 900, victim, mule, amount, bad=1, device="", place="")
                self.add(begins + number * 900 + 300, mule, f"庄{ring}", amount * 0.97, bad=1, device="", place="")

    def bust_outs(self, cases: int) -> None:
        """A payer whose amounts suddenly grow tenfold for three days."""
        for _ in range(cases):
            payer, begins = self.lots.integers(self.payers), self._moment()
            for number in range(9):
                amount = float(np.exp(self.lots.normal(10.3, 0.4)))
                when, payee = begins + number * 28_800, f"店-{self.lots.integers(self.payees)}"
                self.add(when, f"客{payer}", payee, amount, bad=1, device=f"机{payer}", place=f"区{payer % 7}")

    def bad_merchants(self, cases: int) -> None:
        """A shop whose every payment is bad for three weeks, at ordinary amounts."""
        for case in range(cases):
            begins = float(self.lots.integers(0, max(1, self.days - 21))) * 86400
            for _ in range(40):
                payer = self.lots.integers(self.payers)
                when = begins + float(self.lots.random()) * 21 * 86400
                amount = float(np.exp(self.lots.normal(8.3, 0.6)))
                self.add(when, f"客{payer}", f"黑店{case}", amount, bad=1, device=f"机{payer}", place=f"区{payer % 7}")

    def in_order(self) -> list[Row]:
        """All rows by time, numbered."""
        rows = sorted(self.rows, key=lambda row: str(row["at"]))
        return [{"event_id": f"e{number}", **row} for number, row in enumerate(rows)]

    def _moment(self) -> float:
        return float(self.lots.random()) * (self.days - 4) * 86400


def write_events(file: Path, rows: Iterable[Row], columns: Iterable[str] | None = None) -> Path:
    """The rows as CSV, with only these columns if they are named."""
    rows = list(rows)
    names = list(columns or rows[0])
    with file.open("w", encoding="utf-8", newline="") as opened:
        writer = csv.DictWriter(opened, names, extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)
    return file
