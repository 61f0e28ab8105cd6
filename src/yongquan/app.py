"""Composition root: the only place where things are wired together."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import partial
from importlib.resources import files
from pathlib import Path
from uuid import UUID

import psycopg
import structlog
from starlette.types import ASGIApp

from yongquan.flows.answer_warning import Warnings
from yongquan.flows.background import Background
from yongquan.flows.bind_instrument import BindingDesk
from yongquan.flows.check_merchant import MerchantChecks
from yongquan.flows.claim_pack import PackDesk
from yongquan.flows.claim_voucher import ClaimDesk
from yongquan.flows.clear_day import Clearing
from yongquan.flows.collect_by_acp import AcpCollections
from yongquan.flows.collect_by_mandate import Mandates
from yongquan.flows.day_desk import DayDesk
from yongquan.flows.decide_merchant import MerchantReview
from yongquan.flows.draw_steps import DrawDesk
from yongquan.flows.find_payer import Cards
from yongquan.flows.follow_claims import ClaimFollower
from yongquan.flows.hold_by_acp import AcpHolds
from yongquan.flows.judge_event import RiskDesk
from yongquan.flows.judge_payment import PaymentRisk
from yongquan.flows.limit_instrument import LimitDesk
from yongquan.flows.list_party import ListDesk
from yongquan.flows.onboard_merchant import Onboarding
from yongquan.flows.open_acp_card import AcpCards
from yongquan.flows.order_desk import OrderDesk
from yongquan.flows.pay_application import CardPayments
from yongquan.flows.pay_as_guest import GuestDesk
from yongquan.flows.pay_by_phone import PhoneDesk
from yongquan.flows.pay_out import Payouts
from yongquan.flows.pay_out_by_acp import AcpPayouts
from yongquan.flows.plan_tasks import DailyPlan
from yongquan.flows.preauthorise import Preauths
from yongquan.flows.push_vouchers import Pushing
from yongquan.flows.read_acp_outcome import AcpReader
from yongquan.flows.refund_payment import RefundDesk
from yongquan.flows.remind_citizens import Reminders
from yongquan.flows.report_party import Reporting
from yongquan.flows.resolve_payments import Resolver
from yongquan.flows.run_acp_batches import AcpBatches
from yongquan.flows.run_draw import Draws
from yongquan.flows.serve_app import AppDesk, Callers
from yongquan.flows.serve_cashier import CashierDesk
from yongquan.flows.settle_attempt import OrderSweeper
from yongquan.flows.take_payment import PaymentDesk
from yongquan.flows.tell_acp_merchants import AcpVoice
from yongquan.flows.trade_by_acp import AcpDesk
from yongquan.flows.transfer_money import Transfers
from yongquan.flows.verify_party import Score, Verifying
from yongquan.flows.watch_licences import LicenceWatch
from yongquan.flows.watch_shops import ShopWatch
from yongquan.flows.write_acp_files import AcpFiles
from yongquan.institutions.acp.signing import Signer, crlf_pem
from yongquan.institutions.acp.values import Opener
from yongquan.institutions.certificates import Chain, load_chain
from yongquan.institutions.links import LINES, Links
from yongquan.institutions.registry import Registry
from yongquan.institutions.v3 import Seal
from yongquan.kernel.regions import Regions, parse_regions
from yongquan.payments.routes import Routes
from yongquan.payments.routes_store import all_routes, ensure_routes
from yongquan.payments.switch import Switch
from yongquan.payments.vault import Vault
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database, opened
from yongquan.plumbing.durable import Durable
from yongquan.plumbing.keys import load_keys, load_network_key
from yongquan.plumbing.limits import RateLimit
from yongquan.plumbing.logs import RequestLog
from yongquan.plumbing.sandbox_sms import SandboxPhones
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import Settings
from yongquan.plumbing.tokens import Tokens
from yongquan.programmes.bank_goods import BankGoods
from yongquan.risk.lists.book import ListBook
from yongquan.risk.rules.in_force import RulesInForce
from yongquan.simulation.bank_services import example_cards
from yongquan.simulation.outside_world import is_running
from yongquan.staff import StaffDesk
from yongquan.staff.sandbox import SandboxAuthenticator
from yongquan.vouchers.catalogue import Catalogue, RoundOffer
from yongquan.web.api.hot import HotDoor
from yongquan.web.dialects.acp.calls import Services
from yongquan.web.dialects.acp.edge import Edge
from yongquan.web.dialects.acp.files import make_acp_files
from yongquan.web.door import Door
from yongquan.web.site import make_site

REFRESH_S = 0.4

log = structlog.get_logger(__name__)


class Platform:
    """One process's share of the product: an open database, what it keeps in memory, and the desks."""

    def __init__(self, settings: Settings, database: Database, *, cells: int) -> None:
        keys = load_keys(settings.keys_dir)
        self.database = database
        self.cells = cells
        self.clock = Clock()
        self.tokens = Tokens(keys.token)
        self.sealing = Sealing(keys)
        self.regions = load_regions()
        self.catalogue = Catalogue(self.regions)
        self.rules = RulesInForce()
        self.links = Links(settings.institutions_file, load_network_key(settings.keys_dir))
        # The demo's phones show sign-in codes: only beside our own, living sandbox, never in production.
        own_sandbox = settings.sandbox_dir in settings.institutions_file.parents
        self.is_sandboxed = own_sandbox and is_running(settings.institutions_file)
        chain = load_chain(settings.keys_dir, self.sealing)
        self.v3_seal = Seal(chain.sign_key, chain.certificates["sign"])
        self.cards = Cards(database, self.sealing, cells, self.is_sandboxed)
        self.routes = Routes(self.links.lines_of)
        self.switch = Switch(self.routes)
        self.phones = SandboxPhones(database, self.sealing) if self.is_sandboxed else None
        self.lists = ListBook()
        self.risk = RiskDesk(database, self.clock, self.lists, self.rules, cells, settings.risk_within_s)
        self.list_desk = ListDesk(database, self.sealing, self.clock, cells)
        self.claims = ClaimDesk(database, self.clock, cells=cells, lists=self.lists)
        self.packs = PackDesk(database, self.clock, self.claims, cells=cells)
        self.payments = PaymentDesk(
            database,
            clock=self.clock,
            catalogue=self.catalogue,
            switch=self.switch,
            sealing=self.sealing,
            network_id_of=self.links.network_id_of,
            cells=cells,
            risk=PaymentRisk(self.risk, self.sealing, cells, self.phones, settings.risk_when_down),
        )

        self.refunds = RefundDesk(self.payments, self.switch)
        self.orders = OrderDesk(self.payments, self.refunds, self.clock, cells)
        self.preauths = Preauths(self.orders, self.switch)
        self.bindings = BindingDesk(self.payments, self.links, self.switch, Vault(self.sealing), self.clock, cells)
        self.guests = GuestDesk(self.bindings, self.cards)
        self.phone_pay = PhoneDesk(self.bindings)
        self.payouts = Payouts(database, self.clock, self.links, self.sealing, cells)
        self.card_payments = CardPayments(self.payouts)
        self.cashier = CashierDesk(self.orders, self.catalogue, self.sealing, cells)
        self.durable = Durable(database.conninfo)
        self.clearing = Clearing(DayDesk(database, self.clock, self.links, cells), self.durable)
        self.draws = Draws(DrawDesk(database, self.clock, self.sealing, cells), self.durable)
        self.pushing = Pushing(database, self.clock, self.durable, cells)
        self.transfers = Transfers(self.payouts, self.phones)
        self.mandates = Mandates(self.orders, self.links, self.sealing, cells, self.phones)
        self.goods = BankGoods(self.mandates, partial(example_cards, self.links) if self.is_sandboxed else tuple)
        self.onboarding = Onboarding(database, self.links, self.sealing, self.regions)
        self.merchant_checks = MerchantChecks(database, self.clock, self.links, self.sealing, cells)
        self.merchant_review = MerchantReview(database, self.clock, self.links, self.sealing, cells)
        self.licence_watch = LicenceWatch(database, self.clock, self.links, self.sealing)
        self.verifying = Verifying(database, self.sealing, self.clock, cells, _score_of(settings.risk_model))
        self.acp = self._acp(chain)
        self.background = self._background(settings.public_url)

    def _background(self, public_url: str) -> Background:
        return Background(
            self.database,
            self.clock,
            self.sealing,
            Resolver(self.payments, self.switch),
            self.refunds,
            OrderSweeper(self.database, self.refunds, self.clock, self.cells),
            self.preauths,
            self.clearing,
            self.draws,
            self.pushing,
            cells=self.cells,
            v3_seal=self.v3_seal,
            voices=(self.acp.voice,),
            acp_batches=self.acp.batches,
            reminders=Reminders(self.database, self.sealing, self.phones, public_url) if self.phones else None,
            mandates=self.mandates,
            payouts=self.payouts,
            programmes=(
                (5.0, self.goods.sweep),
                (2.0, self.card_payments.sweep),
                (2.0, self.merchant_checks.sweep),
                (5.0, self.merchant_review.sweep),
                (60.0, self.licence_watch.sweep),
                (1.0, self.list_desk.sweep),
                (0.5, ClaimFollower(self.risk).sweep),
                (60.0, ShopWatch(self.database, self.clock).sweep),
                (600.0, self.verifying.forget),
                (60.0, DailyPlan(self.database, self.sealing, self.clock).sweep),
            ),
        )

    def _acp(self, chain: Chain) -> Services:
        def registry() -> Registry | None:
            return self.links.registry

        reader = AcpReader(self.orders, self.payouts, self.preauths)
        desk = AcpDesk(self.orders, self.cards, self.sealing, registry, reader, self.is_sandboxed)
        signer = Signer(chain.sign_key, chain.certificates["sign"])
        opener = Opener(chain.encrypt_key, str(chain.certificates["encrypt"].serial_number))
        cards = AcpCards(desk, opener, self.phones)
        collections = AcpCollections(desk, cards, self.mandates)
        payouts = AcpPayouts(desk, cards, self.payouts)
        return Services(
            desk=desk,
            cards=cards,
            holds=AcpHolds(desk, self.preauths),
            collections=collections,
            payouts=payouts,
            batches=AcpBatches(desk, collections, payouts),
            signer=signer,
            voice=AcpVoice(reader, signer, self.sealing, self.is_sandboxed),
            encrypt_pem=crlf_pem(chain.certificates["encrypt"]),
            clock=self.clock,
        )

    def hash_code(self, code: str) -> UUID:
        """How a pay code is known in the database."""
        return UUID(bytes=self.sealing.index(code, what="pay_code"))

    async def find_round(self, round_hex: str) -> RoundOffer | None:
        """A round from memory, or from the database before anybody is told that it does not exist."""
        offer = self.catalogue.get(round_hex)
        if offer is None and len(round_hex) == 32 and all(c in "0123456789abcdef" for c in round_hex):
            async with self.database.transaction() as connection:
                await self.catalogue.load(connection, [UUID(hex=round_hex)])
            offer = self.catalogue.get(round_hex)
        return offer

    async def refresh(self) -> None:
        """Read the clock, the directory of institutions, and every round that changed."""
        has_new_members = await self.links.refresh()
        async with self.database.transaction() as connection:
            if has_new_members and self.links.registry is not None:
                await ensure_routes(connection, [m.code for m in self.links.registry.issuers], lines=LINES)
            self.routes.replace(await all_routes(connection))
            await self.clock.refresh(connection)
            await self.payments.fees.refresh(connection)
            await self.lists.refresh(connection)
            await self.rules.refresh(connection)
            if await self.catalogue.refresh(connection):
                self.claims.forget_sold_out()

    async def keep_fresh(self, stop: asyncio.Event) -> None:
        """Refresh until `stop` is set; an outage of the database is logged and survived."""
        while not stop.is_set():
            try:
                await self.refresh()
            except psycopg.OperationalError as error:
                log.warning("refresh_failed", error=str(error))
            await self.risk.sweep()
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), REFRESH_S)

    async def close(self) -> None:
        """Finish what is under way, then let go of everything."""
        await self.packs.close()
        await self.claims.close()
        await self.payments.close()
        await self.risk.close()
        await self.durable.close()
        await self.links.close()


@asynccontextmanager
async def running(
    settings: Settings, conninfo: str, *, cells: int, pool_size: int = 8, background: bool = False
) -> AsyncIterator[Platform]:
    """A platform that keeps itself fresh, and does what is due if wanted, until the end of the block."""
    async with opened(conninfo, pool_size=pool_size) as database:
        platform = Platform(settings, database, cells=cells)
        await platform.refresh()
        stop = asyncio.Event()
        fresh = asyncio.create_task(platform.keep_fresh(stop), name="keep-fresh")
        chores = asyncio.create_task(platform.background.run(stop), name="background") if background else None
        try:
            yield platform
        finally:
            stop.set()
            await fresh
            if chores is not None:
                await chores
            await platform.close()


def make_application(platform: Platform) -> HotDoor:
    """The ASGI application of one server process."""
    door = Door(
        database=platform.database,
        cells=platform.cells,
        clock=platform.clock,
        tokens=platform.tokens,
        sealing=platform.sealing,
        regions=platform.regions,
        catalogue=platform.catalogue,
        claims=platform.claims,
        packs=platform.packs,
        payments=platform.payments,
        refunds=platform.refunds,
        orders=platform.orders,
        cards=platform.cards,
        mandates=platform.mandates,
        payouts=platform.payouts,
        card_payments=platform.card_payments,
        transfers=platform.transfers,
        goods=platform.goods,
        cashier=platform.cashier,
        draws=platform.draws,
        find_round=platform.find_round,
        hash_code=platform.hash_code,
        limit=RateLimit(per_second=50, burst=100),
        links=platform.links,
        phones=platform.phones,
        staff=StaffDesk(platform.database, platform.sealing),
        callers=Callers(platform.database, {}),
        v3_seal=platform.v3_seal,
        routes=platform.routes,
        bindings=platform.bindings,
        guests=platform.guests,
        phone_pay=platform.phone_pay,
        onboarding=platform.onboarding,
        merchant_checks=platform.merchant_checks,
        merchant_review=platform.merchant_review,
        licence_watch=platform.licence_watch,
        risk=platform.risk,
        lists=platform.list_desk,
        limits=LimitDesk(platform.database, platform.clock, platform.cells),
        apps=AppDesk(platform.database, platform.sealing, platform.claims, platform.packs, platform.cells),
        acp=platform.acp,
        verifying=platform.verifying,
        reporting=Reporting(platform.database, platform.sealing, platform.clock),
        warnings=Warnings(platform.database, platform.sealing, platform.clock),
        authenticator=SandboxAuthenticator(platform.database, platform.sealing) if platform.is_sandboxed else None,
    )
    return HotDoor(rest=RequestLog(make_site(door)), door=door)


def make_download_application(platform: Platform) -> ASGIApp:
    """The application of the port beside, where ACP merchants fetch their files."""
    edge = Edge(platform.database, platform.sealing, platform.acp.signer, platform.is_sandboxed)
    return make_acp_files(edge, AcpFiles(platform.database, platform.clock))


def _score_of(model_file: Path | None) -> Score | None:
    """How transfers that institutions ask about are scored, if a model is set. Raises `BadInput` for a broken file."""
    if model_file is None:
        return None
    from yongquan.risk.verification.scoring import load_score  # noqa: PLC0415 - only who has a model waits for it

    return load_score(model_file)


def load_regions() -> Regions:
    """The divisions of the city this installation serves."""
    outlines = (files("yongquan.simulation") / "ningbo/districts.geojson").read_text()
    return parse_regions(json.loads(outlines))
