"""Who pays when only a card number is given: the citizen who bound the card, or a guest known by nothing else."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from stdnum import luhn

from yongquan.flows.order_desk import Payer
from yongquan.institutions.published_cards import PUBLISHED_TEST_CARDS
from yongquan.institutions.registry import InstitutionKind, Registry
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import bucket_from, bucket_of, make_id
from yongquan.payments.store import NewInstrument, add_guest, instrument_by_pan
from yongquan.payments.vault import Vault
from yongquan.plumbing.db import Database
from yongquan.plumbing.sealing import Sealing


class BadCard(Refusal):
    """A number that no card can have."""

    code = "bad_card"


@dataclass(frozen=True, slots=True)
class Card:
    """A card that can be charged; `citizen_id` is a guest's if nobody has bound it."""

    citizen_id: UUID
    instrument_id: UUID
    issuer: str
    is_proven: bool = False  # its holder has just given back a code that came by text

    def payer(self) -> Payer:
        """The card alone: a number gives no right to its holder's vouchers."""
        return Payer(
            bucket=bucket_of(self.citizen_id),
            citizen_id=self.citizen_id,
            instrument_id=self.instrument_id,
            vouchers=(),
            is_proven=self.is_proven,
        )


@dataclass(frozen=True, slots=True)
class Cards:
    """Finds cards by number. `is_sandboxed`: the published test numbers are accepted too."""

    database: Database
    sealing: Sealing
    cells: int
    is_sandboxed: bool

    async def find(self, registry: Registry, pan: str, *, now: datetime) -> Card:
        """The card of this number. Raises `BadCard`, `UnknownIssuer`."""
        member = registry.route(self._checked(pan, registry))
        index = Vault(self.sealing).index(pan)
        async with self.database.transaction() as connection:
            known = await instrument_by_pan(connection, index)
            if known is None:
                await add_guest(
                    connection, self._guest(pan, index, member.code), self.sealing, cells=self.cells, now=now
                )
                known = await instrument_by_pan(connection, index)
        if known is None:
            raise BadCard("the card is no longer bound")
        return Card(*known)

    def is_published(self, pan: str) -> bool:
        """Whether this is a published test number, and such are accepted here."""
        return self.is_sandboxed and pan in PUBLISHED_TEST_CARDS

    def _checked(self, pan: str, registry: Registry) -> str:
        if not pan.isdecimal() or not 12 <= len(pan) <= 19:
            raise BadCard("a card number has 12 to 19 digits")
        if self.is_published(pan):
            return pan
        if registry.route(pan).kind is InstitutionKind.BANK and not luhn.is_valid(pan):
            raise BadCard("the check digit of the card number is wrong")
        return pan

    def _guest(self, pan: str, index: bytes, issuer: str) -> NewInstrument:
        citizen, instrument = guest_of(index)
        return NewInstrument(instrument, citizen, issuer, "card", pan)


def guest_of(index: bytes) -> tuple[UUID, UUID]:
    """The guest and the instrument that a card stands for while nobody has bound it.

    Made from the card's blind index, so that the same card is always the same guest.
    """
    bucket, entropy = bucket_from(index), int.from_bytes(index[2:10], "big")
    return make_id(at_ms=0, bucket=bucket, entropy=entropy), make_id(at_ms=1, bucket=bucket, entropy=entropy)
