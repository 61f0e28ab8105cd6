"""Who keeps how much of a payment: the four-party split, on what the citizen pays; public money bears no fee."""

from dataclasses import dataclass

from yongquan.kernel.money import rate_of


@dataclass(frozen=True, slots=True)
class FeeTable:
    """Rates in basis points of the amount charged, each rounded half up to a fen."""

    interchange_bp: int = 24
    network_bp: int = 4
    acquirer_bp: int = 10


@dataclass(frozen=True, slots=True)
class Fees:
    """Fees of one payment in fen: to the issuer, the network and the acquirer."""

    interchange_fen: int
    network_fen: int
    acquirer_fen: int

    @property
    def total_fen(self) -> int:
        return self.interchange_fen + self.network_fen + self.acquirer_fen


def fees_on(charged_fen: int, table: FeeTable = FeeTable()) -> Fees:
    """The fees on an amount charged to a citizen."""
    return Fees(
        rate_of(charged_fen, table.interchange_bp),
        rate_of(charged_fen, table.network_bp),
        rate_of(charged_fen, table.acquirer_bp),
    )
