"""A citizen as the platform knows one: a phone, a name, a birthday if given, and the issuers of bound cards."""

from dataclasses import dataclass
from datetime import date
from uuid import UUID


@dataclass(frozen=True, slots=True)
class NewCitizen:
    """Somebody to register; `citizen_id` must lie in the bucket of the phone.

    `card_bins` are the first eight digits of the bound cards; `has_real_name` says that the name was verified.
    """

    citizen_id: UUID
    phone: str
    name: str
    born_on: date | None = None
    home_adcode: str | None = None
    card_issuers: tuple[str, ...] = ()
    card_bins: tuple[str, ...] = ()
    has_real_name: bool = False
    has_social_card: bool = False
