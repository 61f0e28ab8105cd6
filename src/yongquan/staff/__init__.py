"""Staff: who signs in to the console, with which roles, in which regions and for which institutions."""

from yongquan.staff.errors import Forbidden, LockedOut, SignedOut, SignInRefused
from yongquan.staff.model import NewStaff, Role, RoleGrant, Staff
from yongquan.staff.service import Enrolment, StaffDesk

__all__ = [
    "Enrolment",
    "Forbidden",
    "LockedOut",
    "NewStaff",
    "Role",
    "RoleGrant",
    "SignInRefused",
    "SignedOut",
    "Staff",
    "StaffDesk",
]
