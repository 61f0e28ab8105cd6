"""A version that one member of staff proposed, and another decides: what must hold before it is."""

from typing import Protocol, TypeVar

from yongquan.kernel.errors import Refusal
from yongquan.staff import Staff
from yongquan.vouchers.model import ForbiddenMove


class OwnVersion(Refusal):
    """Whoever proposed a version does not decide it."""

    code = "own_version"


class UnknownVersion(Refusal):
    """There is no such version."""

    code = "not_found"


class Proposed(Protocol):
    """A version with its state and its author."""

    @property
    def state(self) -> str: ...
    @property
    def proposed_by(self) -> str: ...


_Version = TypeVar("_Version", bound=Proposed)


def to_decide(version: _Version | None, staff: Staff) -> _Version:
    """The version, if this person may decide it now. Raises `UnknownVersion`, `ForbiddenMove`, `OwnVersion`."""
    if version is None:
        raise UnknownVersion
    if version.state != "proposed":
        raise ForbiddenMove(f"a version that is {version.state} is not decided again")
    if version.proposed_by == staff.actor:
        raise OwnVersion
    return version
