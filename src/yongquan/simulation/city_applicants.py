"""The demo city's newcomers: a register that knows its shops, listed licences, applications in each state."""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Final
from uuid import UUID
from zlib import crc32

from PIL import Image, ImageDraw
from stdnum.iso7064 import mod_11_2

from yongquan.citizens.model import NewCitizen
from yongquan.citizens.store import register_many
from yongquan.flows.bind_demo_card import demo_banks
from yongquan.flows.check_merchant import MerchantChecks
from yongquan.flows.decide_merchant import MerchantReview, Verdict
from yongquan.flows.list_merchant import ListingOrder, decide_listing, propose_listing
from yongquan.flows.onboard_merchant import Onboarding, record_from
from yongquan.flows.watch_licences import LicenceWatch
from yongquan.institutions.connectors.account_messages import Identity
from yongquan.institutions.connectors.register import RegisterEntry
from yongquan.institutions.links import Links
from yongquan.kernel.credit_codes import credit_code
from yongquan.kernel.ids import bucket_from
from yongquan.kernel.regions import Regions
from yongquan.merchants.applications.model import State
from yongquan.merchants.identity.checking import SCOPES
from yongquan.merchants.identity.marks import Traits, marks_of
from yongquan.merchants.identity.model import Level
from yongquan.merchants.identity.store import save_marks
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.sealing import Sealing
from yongquan.simulation.city import City
from yongquan.simulation.city_shops import Shop
from yongquan.staff import Staff
from yongquan.staff.sandbox import CHECKER_LOGIN, MAKER_LOGIN
from yongquan.staff.store import find_by_login

MANAGER_PHONE, RETURNING_PHONE = "13800005005", "13800005006"
REGISTERED_MAX: Final = 2_000  # of the city's shops, so that a large city opens as fast as a small one
ESTABLISHED, FACTS_ON, TAKEN_OVER = date(2019, 5, 1), date(2022, 1, 10), date(2022, 2, 1)
LICENCES_FROM, PEOPLE_FROM = 30_000_000, 700_000
BARRED, WATCHED, PROPOSED, SOLD = 3, 4, 5, 6  # shops of the city by number
ACQUIRER: Final = "donggang"


@dataclass(frozen=True, slots=True)
class Applicants:
    """What the demo's newcomers need of a running platform."""

    database: Database
    clock: Clock
    links: Links
    sealing: Sealing
    regions: Regions
    cells: int

    async def arrive(self, city: City) -> None:
        """Fill the register, list three licences, and bring applications into each state."""
        shops = [city.shops.row(n) for n in range(min(len(city.shops), REGISTERED_MAX))]
        if len(shops) <= SOLD or self.links.registry is None or self.links.registry.register is None:
            return
        async with self.links.business_register() as office:
            await office.enter([_entry_of(shop) for shop in shops])
        await self._list(shops)
        await self._sell(shops[SOLD])
        manager, returning = [await self._account(phone, name) for phone, name in _PEOPLE]
        await self._apply(manager, returning, shops)

    async def _list(self, shops: list[Shop]) -> None:
        now, (maker, checker) = self.clock.now(), [await self._staff(each) for each in (MAKER_LOGIN, CHECKER_LOGIN)]
        cases = ((BARRED, Level.BARRED, "cash_out"), (WATCHED, Level.WATCHED, "false_trade"))
        for number, level, reason in (*cases, (PROPOSED, Level.BARRED, "collusion")):
            shop = shops[number]
            traits = Traits(id_no=id_number(shop.number), address=shop.address)
            async with self.database.transaction() as connection:
                await save_marks(connection, shop.credit_code, marks_of(traits, self.sealing), since=ESTABLISHED)
            order = ListingOrder(
                licence_no=shop.credit_code,
                name=shop.name,
                level=level,
                reason=reason,
                basis=f"演示稽查通报 {number} 号",
                provenance="演示商务局",
                facts_on=FACTS_ON,
                ends_at=now + timedelta(days=730),
            )
            made = await propose_listing(self.database, maker.actor, order, key=shop.credit_code, now=now)
            if number != PROPOSED:
                await decide_listing(self.database, checker, made, approve=True, now=now)

    async def _sell(self, shop: Shop) -> None:
        watch = LicenceWatch(self.database, self.clock, self.links, self.sealing)
        async with self.links.business_register() as office:
            for change in (False, True):
                if change:
                    change_id = f"sold-{shop.credit_code}"
                    await office.change(change_id, shop.credit_code, on_day=TAKEN_OVER, what="owner", became="郑承接")
                told = await office.licence(shop.credit_code)
                if told is not None:
                    await watch.take(record_from(told))

    async def _apply(self, manager: UUID, returning: UUID, shops: list[Shop]) -> None:
        checks = MerchantChecks(self.database, self.clock, self.links, self.sealing, self.cells)
        review = MerchantReview(self.database, self.clock, self.links, self.sealing, self.cells)
        beside, watched, barred = shops[0], shops[WATCHED], shops[BARRED]
        await self._send(manager, 1, "小满茶铺", begun_only=True)
        for number, name in ((2, "远帆书屋"), (7, "听松面馆")):
            await checks.check(await self._send(manager, number, name))
        back = await self._send(manager, 3, "百灯文具", account_holder="别家文具")
        near = await self._send(manager, 4, "北巷糕点", address=beside.address)
        theirs = {"person_name": watched.legal_representative, "person_id_no": id_number(watched.number)}
        seen = await self._send(returning, 5, "白露小吃", person=theirs)
        person = {"person_name": barred.legal_representative, "person_id_no": id_number(barred.number)}
        stopped = await self._send(returning, 6, f"新{barred.name}", person=person)
        for id_ in (back, near, seen, stopped):
            await checks.check(id_)
        taken_back = await self._send(manager, 8, "石榴花店")
        await self._onboarding().withdraw(manager, taken_back, now=self.clock.now())
        welcome = await self._send(manager, 9, "涌泉体验面馆")
        await checks.check(welcome)
        checker = await self._staff(CHECKER_LOGIN)
        await review.claim(checker, welcome)
        await review.decide(checker, welcome, Verdict(State.APPROVED))

    async def _send(
        self,
        who: UUID,
        number: int,
        name: str,
        *,
        begun_only: bool = False,
        person: Mapping[str, str] | None = None,
        **typed: str,
    ) -> UUID:
        onboarding, now = self._onboarding(), self.clock.now()
        owner = person or {"person_name": f"陈第{number}", "person_id_no": id_number(PEOPLE_FROM + number)}
        entry = _newcomer(number, name, owner)
        async with self.links.business_register() as office:
            await office.enter([entry])
        async with self.links.client(demo_banks(self.links)[0].code) as bank:
            card = f"Y{crc32(owner['person_id_no'].encode()) % 10**8:08d}"
            await bank.enter_identity(
                Identity(id_no=owner["person_id_no"], name=owner["person_name"], social_card_no=card)
            )
        id_ = await onboarding.begin(who, f"demo-{number}", now=now)
        fields = _fields(number, name, entry, owner) | typed
        if begun_only:
            await onboarding.save(who, id_, {key: fields[key] for key in _BEGUN}, now=now)
            return id_
        await onboarding.save(who, id_, fields, now=now)
        await onboarding.keep_photo(who, id_, "licence", _picture(), now=now)
        await onboarding.submit(who, id_, now=now)
        return id_

    async def _account(self, phone: str, name: str) -> UUID:
        new = NewCitizen(fresh_id(bucket_from(self.sealing.index(phone, what="phone"))), phone, name)
        async with self.database.transaction() as connection:
            await register_many(connection, [new], self.sealing, cells=self.cells, now=self.clock.now())
        return new.citizen_id

    async def _staff(self, login: str) -> Staff:
        async with self.database.transaction() as connection:
            found = await find_by_login(connection, login, self.sealing, now=self.clock.now())
        if found is None:
            raise LookupError(f"{login} is not enrolled")
        return found

    def _onboarding(self) -> Onboarding:
        return Onboarding(self.database, self.links, self.sealing, self.regions)


_PEOPLE: Final = ((MANAGER_PHONE, "陈演示"), (RETURNING_PHONE, "林再来"))
_BEGUN: Final = ("has_licence", "licence_no", "shop_name")


def id_number(number: int) -> str:
    """The identity number of the demo's `number`th owner: right in form, of nobody."""
    born = date(1960, 1, 1) + timedelta(days=number % 14_000)
    body = f"330203{born:%Y%m%d}{number // 14_000 % 1000:03d}"
    return body + str(mod_11_2.calc_check_digit(body))


def _entry_of(shop: Shop) -> RegisterEntry:
    return RegisterEntry(
        licence_no=shop.credit_code,
        name=shop.name,
        kind="company" if shop.is_company else "sole_trader",
        person=shop.legal_representative,
        owner_since=ESTABLISHED,
        address=shop.address,
        scope="；".join(SCOPES[shop.industry.code][:2]),
        established_on=ESTABLISHED,
        person_id_no=id_number(shop.number),
    )


def _newcomer(number: int, name: str, owner: Mapping[str, str]) -> RegisterEntry:
    return RegisterEntry(
        licence_no=credit_code(LICENCES_FROM + number, adcode="330203", is_company=False),
        name=f"宁波市海曙{name}",
        kind="sole_trader",
        person=owner["person_name"],
        owner_since=ESTABLISHED,
        address=f"浙江省宁波市海曙区药行街{100 + number}号",
        scope="餐饮服务；食品销售",
        established_on=ESTABLISHED,
        person_id_no=owner["person_id_no"],
    )


def _fields(number: int, name: str, entry: RegisterEntry, owner: Mapping[str, str]) -> dict[str, str]:
    return {
        "has_licence": "yes",
        "licence_no": entry.licence_no,
        "applicant": "owner",
        **owner,
        "shop_name": name,
        "industry": "dining",
        "address": f"海曙区药行街{100 + number}号",
        "lon": f"{121.545 + number / 2000:.6f}",
        "lat": f"{29.872 + number / 3000:.6f}",
        "acquirer": ACQUIRER,
        "account_no": f"62209900{number:06d}",
        "account_holder": owner["person_name"],
    }


def _picture() -> bytes:
    drawn = Image.new("RGB", (900, 640), "#f6f1df")
    pen = ImageDraw.Draw(drawn)
    pen.rectangle((24, 24, 876, 616), outline="#a11d0c", width=6)
    pen.text((340, 290), "DEMO LICENCE", fill="#1d2523", font_size=32)
    file = io.BytesIO()
    drawn.save(file, "JPEG")
    return file.getvalue()
