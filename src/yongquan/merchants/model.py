"""Stores as payments and maps need them."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NewStore:
    """A store to register: its licence (GB 32100), place (WGS-84), acquirer and settlement account there."""

    store_id: UUID
    name: str
    brand: str | None
    licence_no: str
    industry: str
    mcc: str
    adcode: str
    address: str
    lon: float
    lat: float
    acquirer: str
    account_no: str
    hardship: bool = False
