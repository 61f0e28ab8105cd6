"""Roles hold within their bounds of region and institution."""

from uuid import UUID

import pytest

from yongquan.staff import Forbidden, Role, RoleGrant, Staff


def staff(*grants: RoleGrant) -> Staff:
    return Staff(UUID(int=1), "chen", "陈一", frozenset(grants))


def test_an_unbounded_role_holds_everywhere() -> None:
    officer = staff(RoleGrant(Role.BUREAU_OFFICER))

    assert officer.may(Role.BUREAU_OFFICER, adcode="330203", institution="bank-a")
    assert officer.may(Role.BUREAU_OFFICER)


@pytest.mark.parametrize(("adcode", "allowed"), [("330203", True), ("330225", False), (None, False)])
def test_a_role_of_one_division_holds_there_only(adcode: str | None, allowed: bool) -> None:
    officer = staff(RoleGrant(Role.BUREAU_OFFICER, adcode="330203"))

    assert officer.may(Role.BUREAU_OFFICER, adcode=adcode) is allowed


@pytest.mark.parametrize(("institution", "allowed"), [("bank-a", True), ("bank-b", False), (None, False)])
def test_a_role_of_one_institution_holds_there_only(institution: str | None, allowed: bool) -> None:
    operator = staff(RoleGrant(Role.OPERATOR, institution="bank-a"))

    assert operator.may(Role.OPERATOR, adcode="330203", institution=institution) is allowed


def test_bounds_of_two_grants_are_not_mixed() -> None:
    operator = staff(
        RoleGrant(Role.OPERATOR, adcode="330203", institution="bank-a"),
        RoleGrant(Role.OPERATOR, adcode="330225", institution="bank-b"),
    )

    assert not operator.may(Role.OPERATOR, adcode="330203", institution="bank-b")


def test_no_role_includes_another() -> None:
    admin = staff(RoleGrant(Role.ADMIN))

    with pytest.raises(Forbidden):
        admin.require(Role.AUDITOR)


def test_any_of_the_roles_asked_for_is_enough() -> None:
    staff(RoleGrant(Role.AUDITOR)).require(Role.ADMIN, Role.AUDITOR, adcode="330203")
