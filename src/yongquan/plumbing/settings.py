"""What may be set from outside, read once at the edge."""

import os
from dataclasses import dataclass
from pathlib import Path

from yongquan.kernel.errors import BadInput


@dataclass(frozen=True, slots=True)
class RiskWhenDown:
    """What is answered while risk gives no verdict: which calls go on (open), which wait (closed)."""

    payments_go_on: bool = True
    voucher_payments_go_on: bool = False


DEFAULT_WHEN_DOWN = RiskWhenDown()


@dataclass(frozen=True, slots=True)
class Settings:
    """Where the data lives and how it is divided.

    `database_url` is None for the embedded PostgreSQL under `data_dir`. `cells` is a power of two, 1 to 1024;
    None means "whatever the database was made with, 1 for a new one". `institutions_file` is the directory of
    banks, wallets and acquirers; the sandbox writes its own.
    """

    data_dir: Path
    database_url: str | None
    cells: int | None
    institutions_file: Path
    public_url: str = "http://127.0.0.1:8000"  # where people's links lead
    risk_when_down: RiskWhenDown = DEFAULT_WHEN_DOWN
    risk_within_s: float = 2.0  # how long an event waits for its verdict
    risk_model: Path | None = None  # a file of `risk fit`, by which transfers that institutions ask about are scored

    @property
    def keys_dir(self) -> Path:
        return self.data_dir / "keys"

    @property
    def sandbox_dir(self) -> Path:
        return self.data_dir / "sandbox"


def read_settings(environ: dict[str, str] | None = None) -> Settings:
    """Read what begins with `YONGQUAN_`: `DATA_DIR`, `DATABASE_URL`, `CELLS`, `INSTITUTIONS`, `PUBLIC_URL`,
    `RISK_WHEN_DOWN`, `RISK_WITHIN_MS`, `RISK_MODEL`. Raises `BadInput`.
    """
    env = dict(os.environ) if environ is None else environ
    data_dir = Path(env.get("YONGQUAN_DATA_DIR") or "var").absolute()
    directory = env.get("YONGQUAN_INSTITUTIONS")
    return Settings(
        data_dir=data_dir,
        database_url=env.get("YONGQUAN_DATABASE_URL") or None,
        cells=_cells(env.get("YONGQUAN_CELLS")),
        institutions_file=Path(directory).absolute() if directory else data_dir / "sandbox" / "sandbox.json",
        risk_when_down=_when_down(env.get("YONGQUAN_RISK_WHEN_DOWN") or ""),
        risk_within_s=_seconds("YONGQUAN_RISK_WITHIN_MS", env.get("YONGQUAN_RISK_WITHIN_MS") or "2000"),
        public_url=(env.get("YONGQUAN_PUBLIC_URL") or "http://127.0.0.1:8000").rstrip("/"),
        risk_model=Path(model).absolute() if (model := env.get("YONGQUAN_RISK_MODEL")) else None,
    )


def _cells(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or not 1 <= int(text) <= 1024 or int(text) & (int(text) - 1):
        raise BadInput(f"YONGQUAN_CELLS is {text!r}: give a power of two from 1 to 1024")
    return int(text)


def _when_down(text: str) -> RiskWhenDown:
    """`payment=open,voucher_payment=closed` is the default; what is not named stays as it is."""
    chosen = {"payment": True, "voucher_payment": False}
    for part in filter(None, text.split(",")):
        call, _, answer = part.strip().partition("=")
        if call not in chosen or answer not in {"open", "closed"}:
            raise BadInput(f"YONGQUAN_RISK_WHEN_DOWN is {text!r}: write payment=open,voucher_payment=closed")
        chosen[call] = answer == "open"
    return RiskWhenDown(chosen["payment"], chosen["voucher_payment"])


def _seconds(name: str, text: str) -> float:
    if not text.isdecimal() or not 1 <= int(text) <= 60_000:
        raise BadInput(f"{name} is {text!r}: give whole milliseconds from 1 to 60000")
    return int(text) / 1000
