"""Signed HTTP calls to the business register: who holds a licence, since when, and whether it stands."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import httpx

from yongquan.institutions.connectors.signed_http import InstitutionRefused, SignedClient


@dataclass(frozen=True, slots=True)
class RegisterEvent:
    """A change of owner, status or name on a day."""

    on_day: date
    what: str
    was: str
    became: str


@dataclass(frozen=True, slots=True)
class RegisterExtract:
    """What the register tells of a market subject; `head_no` is a branch's head, `person` who answers for it."""

    licence_no: str
    name: str
    kind: str
    head_no: str
    person: str
    owner_since: date
    address: str
    scope: str
    status: str
    established_on: date
    history: tuple[RegisterEvent, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class RegisterEntry:
    """Sandbox only: a subject to enter, with its owner's identity number if it is to be compared."""

    licence_no: str
    name: str
    kind: str
    person: str
    owner_since: date
    address: str
    scope: str
    established_on: date
    head_no: str = ""
    person_id_no: str = ""
    status: str = "in_business"


@dataclass(frozen=True, slots=True)
class _Found:
    licences: tuple[RegisterExtract, ...]


@dataclass(frozen=True, slots=True)
class _Compared:
    result: str


class RegisterClient(SignedClient):
    """Calls to the business register. Raises `InstitutionUnreachable` when there was no answer."""

    async def licence(self, licence_no: str) -> RegisterExtract | None:
        """A market subject by its code, None if the register has none."""
        try:
            return await self._get(f"/licences/{licence_no}", {}, RegisterExtract)
        except InstitutionRefused as refusal:
            if refusal.facts.get("status") == httpx.codes.NOT_FOUND:
                return None
            raise

    async def licences_named(self, name: str) -> tuple[RegisterExtract, ...]:
        """Market subjects by a part of their name, without history."""
        return (await self._get("/licences", {"name": name}, _Found)).licences

    async def check_owner(self, licence_no: str, *, name: str, id_no: str) -> str:
        """Whether a person is the legal representative or operator: matches, differs or unknown."""
        asked = {"licence_no": licence_no, "name": name, "id_no": id_no}
        return (await self._post("/owners/check", asked, _Compared)).result

    async def enter(self, subjects: Sequence[RegisterEntry]) -> None:
        """Sandbox only: enter subjects that are not there yet."""
        await self._post("/licences/enter", {"subjects": subjects}, dict)

    async def change(
        self, change_id: str, licence_no: str, *, on_day: date, what: str, became: str, person_id_no: str = ""
    ) -> None:
        """Sandbox only: a change of owner, status or name."""
        asked = {"change_id": change_id, "licence_no": licence_no, "on_day": on_day, "what": what, "became": became}
        await self._post("/licences/change", {**asked, "person_id_no": person_id_no}, dict)
