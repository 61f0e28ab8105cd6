"""A desk where shops ask to come in: a real bank, acquirer and business register, two reviewers, one account."""

import asyncio
import io
import itertools
import sys
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from uuid import UUID

sys.path.insert(0, str(Path(__file__).parents[1] / "stores"))
sys.path.insert(0, str(Path(__file__).parents[1] / "sandbox"))

import httpx
from city import REGIONS, SEALING, SmallCity, small_city
from launching import Sandbox, running
from PIL import Image
from stdnum.iso7064 import mod_11_2

from yongquan.flows.check_merchant import MerchantChecks
from yongquan.flows.decide_merchant import MerchantReview, Verdict
from yongquan.flows.list_merchant import ListingOrder, decide_listing, propose_listing
from yongquan.flows.onboard_merchant import Onboarding, Sheet
from yongquan.flows.watch_licences import LicenceWatch
from yongquan.institutions.connectors.account_messages import Identity
from yongquan.institutions.connectors.register import RegisterEntry
from yongquan.institutions.connectors.signatures import NetworkSignature
from yongquan.institutions.links import Links
from yongquan.kernel.credit_codes import credit_code
from yongquan.merchants.applications.model import State
from yongquan.merchants.identity.model import Level
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.fresh import fresh_id
from yongquan.staff import Role, RoleGrant, Staff

FACTS = date(2026, 3, 1)


def reviewer(login: str) -> Staff:
    return Staff(fresh_id(), login, login, frozenset({RoleGrant(Role.OPERATOR)}))


@dataclass
class Desk:
    """What a test works with."""

    city: SmallCity
    sandbox: Sandbox
    onboarding: Onboarding
    checks: MerchantChecks
    review: MerchantReview
    watch: LicenceWatch
    base: int
    one: Staff = field(default_factory=lambda: reviewer("one"))
    two: Staff = field(default_factory=lambda: reviewer("two"))

    @property
    def now(self) -> datetime:
        return self.checks.clock.now()

    async def enter(self, number: int, person: str, **facts: object) -> dict[str, str]:
        """A shop that both registers know; what its owner would type."""
        id_no, number = self.id_of(number), self.base + number
        code = credit_code(number, adcode="330203", is_company=False)
        entry = {
            "licence_no": code,
            "name": f"宁波市海曙阿水面馆{number}",
            "kind": "sole_trader",
            "person": person,
            "owner_since": date(2019, 5, 1),
            "address": f"浙江省宁波市海曙区药行街{number}号",
            "scope": "餐饮服务",
            "established_on": date(2019, 5, 1),
            "person_id_no": id_no,
            **facts,
        }
        async with self.onboarding.links.business_register() as office:
            await office.enter([RegisterEntry(**entry)])  # type: ignore[arg-type]
        await self.enter_person(person, id_no)
        return {
            "has_licence": "yes",
            "licence_no": code,
            "applicant": "owner",
            "person_name": person,
            "person_id_no": id_no,
            "shop_name": f"阿水面馆 {number} 号",
            "industry": "dining",
            "address": f"海曙区药行街{number}号",
            "lon": "121.55",
            "lat": "29.87",
            "acquirer": "donggang",
            "account_no": f"6220{number:06d}",
            "account_holder": person,
        }

    def id_of(self, number: int) -> str:
        """The identity number of this scenario's `number`th person."""
        body = f"3302031990{self.base // 100:02d}01{self.base % 100 + number:03d}"
        return body + str(mod_11_2.calc_check_digit(body))

    async def enter_person(self, name: str, id_no: str) -> None:
        async with self.onboarding.links.client("chaoxin") as bank:
            await bank.enter_identity(Identity(id_no=id_no, name=name, social_card_no=f"A{next(_cards):08d}"))

    async def send(self, who: UUID, typed: dict[str, str], *, key: str = "") -> UUID:
        """Fill an application in and send it; the registers are not asked yet."""
        id_ = await self.onboarding.begin(who, key or fresh_id().hex, now=self.now)
        await self.onboarding.save(who, id_, typed, now=self.now)
        if typed["has_licence"] == "yes":
            await self.onboarding.keep_photo(who, id_, "licence", picture(), now=self.now)
        await self.onboarding.submit(who, id_, now=self.now)
        return id_

    async def apply(self, who: UUID, typed: dict[str, str]) -> tuple[UUID, State | None]:
        id_ = await self.send(who, typed)
        return id_, await self.checks.check(id_)

    async def decide(self, staff: Staff, id_: UUID, to: State, reason: str = "") -> State:
        await self.review.claim(staff, id_)
        return await self.review.decide(staff, id_, Verdict(to, reason))

    async def approve(self, who: UUID, typed: dict[str, str]) -> UUID:
        """Let a shop in; its store."""
        id_, state = await self.apply(who, typed)
        assert state is State.IN_REVIEW, (await self.sheet(who, id_)).decisions
        assert await self.decide(self.one, id_, State.APPROVED) is State.OPEN
        store_id = (await self.sheet(who, id_)).application.store_id
        assert store_id is not None
        return store_id

    async def list(self, licence_no: str, *, level: Level = Level.BARRED) -> UUID:
        """Put a licence on the yellow list, by two people."""
        order = ListingOrder(
            licence_no=licence_no,
            name="旧店",
            level=level,
            reason="cash_out",
            basis="稽查通报 1 号",
            provenance="商务局",
            facts_on=FACTS,
        )
        database = self.city.database
        listing_id = await propose_listing(database, self.one.actor, order, key=licence_no, now=self.now)
        await decide_listing(database, self.two, listing_id, approve=True, now=self.now)
        return listing_id

    async def sheet(self, who: UUID, id_: UUID) -> Sheet:
        return await self.onboarding.sheet(who, id_)

    def switch_faults(self, **faults: object) -> None:
        office = self.sandbox.registry.register
        assert office is not None
        with httpx.Client(auth=NetworkSignature(self.sandbox.our_key), trust_env=False) as http:
            http.put(f"{office.http_url}/faults", json=faults).raise_for_status()


Scenario = Callable[[Desk], Coroutine[object, object, None]]
_cards = itertools.count(1)
_scenarios = itertools.count(1)


def run(scenario: Scenario, sandbox: Sandbox, folder: Path, conninfo: str) -> None:
    """One scenario at a fresh desk, with shops and people of its own in the registers."""

    async def inside() -> None:
        async with desk_of(sandbox, folder, conninfo) as desk:
            await scenario(desk)

    asyncio.run(inside())


@contextmanager
def outside(folder: Path) -> Iterator[Sandbox]:
    """A bank, an acquirer and the business register."""
    with running(folder, "chaoxin", "donggang", "register") as sandbox:
        yield sandbox


@asynccontextmanager
async def desk_of(sandbox: Sandbox, folder: Path, conninfo: str) -> AsyncIterator[Desk]:
    links, clock = Links(folder / "sandbox" / "sandbox.json", sandbox.our_key), Clock()
    await links.refresh()
    async with small_city(conninfo) as city:
        everything = (city.database, clock, links, SEALING)
        yield Desk(
            city,
            sandbox,
            Onboarding(city.database, links, SEALING, REGIONS),
            MerchantChecks(*everything, 1),
            MerchantReview(*everything, 1),
            LicenceWatch(*everything),
            base=100 * next(_scenarios),
        )
    await links.close()


def picture() -> bytes:
    file = io.BytesIO()
    Image.new("RGB", (400, 300), "white").save(file, "PNG")
    return file.getvalue()
