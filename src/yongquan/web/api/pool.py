"""`/v1/stores/pool-consent` and `/v1/institutions/merchant-pool`: shops join the pool, holders look and save."""

from collections.abc import Awaitable, Callable
from datetime import date, datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Query, Request
from pydantic import BaseModel, Field, StrictBool

from yongquan.flows.use_pool import Saving, look_at_pool, save_pool, set_consent, uses_of_version, version_for
from yongquan.institutions.apps import App
from yongquan.merchants.pool import SMALL, TEXT_NO, Wanted
from yongquan.merchants.pool import store as pool
from yongquan.merchants.pool.model import MANY_MAX, NAME_MAX, TEXTS
from yongquan.merchants.pool.store import Consent, PoolShop, PoolVersion
from yongquan.plumbing.tokens import Holder
from yongquan.web.api.institutions import caller_of
from yongquan.web.api.wire import Refused, bearer_of
from yongquan.web.door import Door

Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=200)]
Code = Annotated[str, Field(pattern=r"^[0-9A-Za-z_-]{1,40}$")]
Names = Annotated[list[Code], Field(max_length=MANY_MAX)]
Bands = Annotated[list[Literal["none", "low", "middle", "high"]], Field(max_length=MANY_MAX)]
# A line of text that begins and ends with something.
LINE = r"^[^\s\x00-\x1f]([^\x00-\x1f]*[^\s\x00-\x1f])?$"
MEMBERS_MAX = 5_000


class PoolConsentRequest(BaseModel):
    """Agree to the wording of this number, or withdraw."""

    agreed: StrictBool
    text_no: int = Field(default=TEXT_NO, ge=TEXT_NO, le=TEXT_NO)


class PoolConsentOut(BaseModel):
    """Where a shop stands, and the wording in use."""

    agreed: bool
    since: datetime | None
    text_no: int
    text: str


class PoolFilter(BaseModel):
    """What is asked for; an empty list asks for nothing. `box` is west, south, east, north in degrees (WGS-84).

    `bands`: days with a payment in the last graded month: none, low (1 to 5), middle (6 to 15), high (16 and more).
    """

    adcodes: Names = []
    industries: Names = []
    tiers: Names = []
    grids: Names = []
    bands: Bands = []
    box: tuple[float, float, float, float] | None = None

    @property
    def wanted(self) -> Wanted:
        """The same as the rooms know it."""
        lists = {name: tuple(getattr(self, name)) for name in ("adcodes", "industries", "tiers", "grids", "bands")}
        return Wanted(**lists, box=self.box)


class PoolVersionRequest(BaseModel):
    """A choice to save; the same name makes the next version."""

    name: str = Field(min_length=1, max_length=NAME_MAX, pattern=LINE)
    filter: PoolFilter


class PoolShopOut(BaseModel):
    """A shop that agreed."""

    store_id: UUID
    name: str
    address: str
    industry: str
    adcode: str
    lon: float
    lat: float


class PoolFound(BaseModel):
    """What a filter finds; null is fewer than `small`, and then no shop is listed."""

    shops: int | None
    small: int
    by_division: dict[str, int | None]
    by_industry: dict[str, int | None]
    graded_month: date | None
    listed: list[PoolShopOut]


class PoolVersionOut(BaseModel):
    """A saved choice: `shop_group` is what a campaign names. `left` members have withdrawn since."""

    version_id: UUID
    name: str
    version_no: int
    shop_group: str
    members: int
    left: int
    sha256: str
    saved_at: datetime


class PoolVersions(BaseModel):
    """Versions, the latest first."""

    versions: list[PoolVersionOut]


class PoolMembers(BaseModel):
    """A version with those of its shops that are in the pool still."""

    version: PoolVersionOut
    shops: list[PoolShopOut]


class PoolUseOut(BaseModel):
    """A day's redemptions of the institution's own vouchers at a version's shops."""

    day: date
    vouchers: int
    subsidy_fen: int
    stores: int
    payments: int


class PoolUses(BaseModel):
    """Redemptions by day."""

    days: list[PoolUseOut]


def make_pool_api(door: Door) -> APIRouter:
    """The pool's routes, for shops and for institutions."""
    routes = APIRouter(prefix="/v1")
    _add_consent(routes, door)

    async def caller(request: Request) -> App:
        return await caller_of(door, request)

    _add_versions(routes, door, caller)
    return routes


def _add_consent(routes: APIRouter, door: Door) -> None:
    def store(authorization: Annotated[str, Header()] = "") -> UUID:
        found = bearer_of(door.tokens, authorization.encode())
        if found.holder is not Holder.STORE:
            raise Refused("forbidden", "a store speaks for itself")
        return UUID(hex=found.id_hex)

    @routes.get("/stores/pool-consent", tags=["stores"])
    async def read(who: Annotated[UUID, Depends(store)]) -> PoolConsentOut:
        """Whether this store is in the merchant pool."""
        async with door.database.transaction() as connection:
            return _consent(await pool.consents_of(connection, who))

    @routes.put("/stores/pool-consent", tags=["stores"])
    async def change(who: Annotated[UUID, Depends(store)], wanted: PoolConsentRequest) -> PoolConsentOut:
        """Join the merchant pool, or leave it at once."""
        return _consent(await set_consent(door.database, who, agreed=wanted.agreed, now=door.clock.now()))


def _add_versions(routes: APIRouter, door: Door, caller: Callable[[Request], Awaitable[App]]) -> None:
    pool_routes = APIRouter(prefix="/institutions/merchant-pool", tags=["institutions"])
    Who = Annotated[App, Depends(caller)]  # noqa: N806 - a type

    @pool_routes.post("/search")
    async def search(app: Who, wanted: PoolFilter) -> PoolFound:
        """What a filter finds within this institution's grant; at most 200 shops are listed."""
        async with door.database.transaction() as connection:
            found = await look_at_pool(connection, app.institution, wanted.wanted)
        return PoolFound(
            shops=found.shops,
            small=SMALL,
            by_division=found.by_division,
            by_industry=found.by_industry,
            graded_month=found.month,
            listed=[_shop(shop) for shop in found.listed],
        )

    @pool_routes.post("/versions", status_code=201)
    async def save(app: Who, wanted: PoolVersionRequest, key: Key) -> PoolVersionOut:
        """Save what a filter finds now; it becomes a shop group that campaigns name."""
        saving = Saving(app.institution, wanted.name, wanted.filter.wanted, key, f"app:{app.institution}")
        return _version(await save_pool(door.database, saving, now=door.clock.now()))

    @pool_routes.get("/versions")
    async def listed(app: Who) -> PoolVersions:
        """This institution's versions."""
        async with door.database.transaction() as connection:
            found = await pool.versions_of(connection, app.institution)
        return PoolVersions(versions=[_version(one) for one in found])

    @pool_routes.get("/versions/{version_id}")
    async def one(
        app: Who, version_id: UUID, limit: Annotated[int, Query(ge=1, le=MEMBERS_MAX)] = 1_000
    ) -> PoolMembers:
        """One version and its shops."""
        async with door.database.transaction() as connection:
            found = await version_for(connection, app.institution, version_id)
            members = await pool.members_of(connection, version_id, limit=limit)
        return PoolMembers(version=_version(found), shops=[_shop(shop) for shop in members])

    @pool_routes.get("/versions/{version_id}/redemptions")
    async def uses(app: Who, version_id: UUID) -> PoolUses:
        """Redemptions of this institution's own vouchers at a version's shops, by day."""
        async with door.database.transaction() as connection:
            found = await version_for(connection, app.institution, version_id)
            days = await uses_of_version(connection, found)
        return PoolUses(days=[PoolUseOut.model_validate(day, from_attributes=True) for day in days])

    routes.include_router(pool_routes)


def _consent(consents: list[Consent]) -> PoolConsentOut:
    standing = next((one for one in consents if one.withdrawn_at is None), None)
    number = standing.text_no if standing else TEXT_NO
    since = standing.consented_at if standing else None
    return PoolConsentOut(agreed=standing is not None, since=since, text_no=number, text=TEXTS[number])


def _shop(shop: PoolShop) -> PoolShopOut:
    return PoolShopOut.model_validate(shop, from_attributes=True)


def _version(v: PoolVersion) -> PoolVersionOut:
    return PoolVersionOut(
        version_id=v.version_id,
        name=v.pool,
        version_no=v.version_no,
        shop_group=v.group_code,
        members=v.members,
        left=v.left,
        sha256=v.digest,
        saved_at=v.saved_at,
    )
