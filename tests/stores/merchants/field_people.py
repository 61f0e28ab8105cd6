"""Providers with trained people, and shops, for tests of the field's work."""

from datetime import date, datetime
from uuid import UUID

from yongquan.flows.recruit_provider import ProviderDecision, ProviderDesk
from yongquan.kernel.credit_codes import credit_code
from yongquan.kernel.ids import make_id, named_id
from yongquan.merchants.model import NewStore
from yongquan.merchants.providers.course import QUESTIONS
from yongquan.merchants.providers.model import NewProvider, NewSurveyor, Provider, ProviderStep
from yongquan.merchants.store import register_stores
from yongquan.plumbing.db import Database
from yongquan.staff import Role, RoleGrant, Staff

CONTRACT = (date(2022, 1, 1), date(2022, 12, 31))
PLACE = (121.5440, 29.8720)


def staff(number: int, adcode: str | None = None) -> Staff:
    grants = frozenset({RoleGrant(Role.OPERATOR, adcode)})
    return Staff(make_id(at_ms=number, bucket=0, entropy=number), "someone", "某人", grants)


STAFF = staff(3)


def person_of(provider: int, number: int) -> UUID:
    """The first of each provider's two people is its lead."""
    return named_id("person", provider, number)


async def provider_in(
    desk: ProviderDesk, number: int, *, now: datetime, approved: bool = True, place: tuple[float, float] = PLACE
) -> Provider:
    """A provider; an approved one has two people with valid training."""
    new = NewProvider(
        provider_id=named_id("provider", number),
        name=f"服务商{number}",
        licence_no=credit_code(number, adcode="330203", is_company=True),
        contact="某人",
        phone="13500000000",
        capacity_minutes=10_000,
        depot_address="某路 1 号",
        depot_lon=place[0],
        depot_lat=place[1],
    )
    made = await desk.apply(staff(1), new, now=now)
    if approved:
        decision = ProviderDecision(ProviderStep.APPROVE, "资质齐全", CONTRACT)
        await desk.decide(staff(2), made.provider_id, decision, now=now)
        for n in (1, 2):
            who = NewSurveyor(
                surveyor_id=person_of(number, n),
                provider_id=made.provider_id,
                name=f"走访员{n}",
                phone=f"136{number:04d}{n:04d}",
                is_lead=n == 1,
            )
            await desk.take_on(STAFF, who, now=now)
            right = [question.right for question in QUESTIONS]
            await desk.take_test(who.surveyor_id, named_id("test", number, n), right, now=now)
    return made


async def add_shop(
    database: Database, *, now: datetime, number: int = 1, place: tuple[float, float] = PLACE, industry: str = "dining"
) -> UUID:
    """A shop in Haishu."""
    store_id = make_id(at_ms=number, bucket=0, entropy=number)
    store = NewStore(
        *(store_id, f"店{number}", None, f"L{number}", industry, "5812", "330203", "某路 2 号"),
        *(place[0], place[1], "acquirer", f"a{number}"),
    )
    async with database.transaction() as connection:
        await register_stores(connection, [store], now=now)
    return store_id
