"""Staff and what they may do: roles, each bounded by region and institution."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from yongquan.staff.errors import Forbidden


class Role(StrEnum):
    """What a member of staff is. No role includes another."""

    BUREAU_OFFICER = "bureau_officer"
    OPERATOR = "operator"
    AUDITOR = "auditor"
    ADMIN = "admin"
    NOTARY = "notary"
    FINANCE = "finance"


@dataclass(frozen=True, slots=True)
class RoleGrant:
    """A role within bounds: None is every region (`adcode`), every institution (or funder), for good."""

    role: Role
    adcode: str | None = None
    institution: str | None = None
    valid_until: datetime | None = None

    def covers(self, role: Role, *, adcode: str | None, institution: str | None) -> bool:
        """Whether this grant allows `role` there; a place or institution of None needs an unbounded grant."""
        return self.role is role and self.adcode in {None, adcode} and self.institution in {None, institution}


@dataclass(frozen=True, slots=True, kw_only=True)
class NewStaff:
    """Somebody to enrol. `login` is stored in lower case."""

    login: str
    name: str
    grants: tuple[RoleGrant, ...]


@dataclass(frozen=True, slots=True)
class Staff:
    """A member of staff who is signed in."""

    staff_id: UUID
    login: str
    name: str
    grants: frozenset[RoleGrant]

    @property
    def actor(self) -> str:
        """How the audit log names this person."""
        return f"staff:{self.staff_id}"

    def may(self, role: Role, *, adcode: str | None = None, institution: str | None = None) -> bool:
        """Whether a role of this person covers the region and institution; None means all of them."""
        return any(grant.covers(role, adcode=adcode, institution=institution) for grant in self.grants)

    def may_any(self, *roles: Role, adcode: str | None = None, institution: str | None = None) -> bool:
        """Whether any of the roles is covered there."""
        return any(self.may(role, adcode=adcode, institution=institution) for role in roles)

    def require(self, *roles: Role, adcode: str | None = None, institution: str | None = None) -> None:
        """Pass if any of the roles is covered there. Raises `Forbidden`."""
        if not self.may_any(*roles, adcode=adcode, institution=institution):
            raise Forbidden(roles=[role.value for role in roles], adcode=adcode, institution=institution)
