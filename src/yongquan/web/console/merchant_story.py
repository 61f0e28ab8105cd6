"""A merchant's timeline: everything that happened to its licence, its applications, stores, holds and listings."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response

from yongquan.merchants.enrolment.store import enrolments_of_store
from yongquan.merchants.reviews.store import Merchant, merchant_of
from yongquan.payments.holds import HeldShop, holds_listed
from yongquan.plumbing.audit import Fact
from yongquan.plumbing.audit_pages import audit_of
from yongquan.plumbing.db import Connection
from yongquan.staff.views import names_of
from yongquan.web.console.desk import Desk, Missing, Visitor, desk_routes, known_id
from yongquan.web.language import speech_of
from yongquan.web.review_words import ReviewWords

SHOWN_MAX = 300
LICENCE_SIGNS = 18


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happened: an entry of the audit log, or the registration of a store (no actor)."""

    at: datetime
    actor: str
    action: str
    subject: str
    after: Fact


def make_merchant_story(desk: Desk) -> APIRouter:
    """`/console/merchants/<licence or store>`."""
    routes = desk_routes()
    door = desk.door

    @routes.get("/merchants/{key}")
    async def story(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], key: str) -> Response:
        async with door.database.transaction() as connection:
            if len(key) == LICENCE_SIGNS:
                merchant = await merchant_of(connection, licence_no=key.upper())
            else:
                merchant = await merchant_of(connection, store_id=known_id(key))
            if merchant is None or not any(visitor.sees(adcode) for adcode in merchant.places or {None}):
                raise Missing
            holds = [
                hold for store in merchant.stores for hold in await holds_listed(connection, store_id=store.store_id)
            ]
            happened = await _happenings(connection, merchant, holds)
            names = await names_of(connection, {one.actor for one in happened}, door.sealing)
            joined = [
                one
                for store in merchant.stores
                for one in (await enrolments_of_store(connection, store.store_id)).values()
            ]
        facts = {
            "merchant": merchant,
            "happened": happened,
            "holds": holds,
            "joined": [one for one in joined if one.state.value == "joined"],
            "actors": names,
            "review_words": ReviewWords(speech_of(request)),
        }
        return desk.show(request, visitor, "merchant_story.html", facts)

    return routes


async def _happenings(connection: Connection, merchant: Merchant, holds: Sequence[HeldShop]) -> Sequence[Happening]:
    """The latest first."""
    subjects = [
        *(f"store:{store.store_id}" for store in merchant.stores),
        *(f"merchant_application:{one.application_id}" for one in merchant.applications),
        *(f"merchant_listing:{listing}" for listing in merchant.listings),
        *(f"hold:{hold.hold_id}" for hold in holds),
        *([f"merchant_licence:{merchant.licence_no}"] if merchant.licence_no else []),
    ]
    rows = await audit_of(connection, subjects, limit=SHOWN_MAX)
    happened = [Happening(row.at, row.actor, row.action, row.subject, row.after) for row in rows]
    happened += [
        Happening(store.registered_at, "", "store.registered", f"store:{store.store_id}", {"title": store.name})
        for store in merchant.stores
    ]
    return sorted(happened, key=lambda one: one.at, reverse=True)
