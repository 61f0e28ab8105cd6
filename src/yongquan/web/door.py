"""What the pages and the API need of a running platform."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from yongquan.flows.answer_warning import Warnings
from yongquan.flows.bind_instrument import BindingDesk
from yongquan.flows.check_merchant import MerchantChecks
from yongquan.flows.claim_pack import PackDesk
from yongquan.flows.claim_voucher import ClaimDesk
from yongquan.flows.collect_by_mandate import Mandates
from yongquan.flows.decide_merchant import MerchantReview
from yongquan.flows.find_payer import Cards
from yongquan.flows.judge_event import RiskDesk
from yongquan.flows.limit_instrument import LimitDesk
from yongquan.flows.list_party import ListDesk
from yongquan.flows.onboard_merchant import Onboarding
from yongquan.flows.order_desk import OrderDesk
from yongquan.flows.pay_application import CardPayments
from yongquan.flows.pay_as_guest import GuestDesk
from yongquan.flows.pay_by_phone import PhoneDesk
from yongquan.flows.pay_out import Payouts
from yongquan.flows.refund_payment import RefundDesk
from yongquan.flows.report_party import Reporting
from yongquan.flows.run_draw import Draws
from yongquan.flows.serve_app import AppDesk, Callers
from yongquan.flows.serve_cashier import CashierDesk
from yongquan.flows.take_payment import PaymentDesk
from yongquan.flows.transfer_money import Transfers
from yongquan.flows.verify_party import Verifying
from yongquan.flows.watch_licences import LicenceWatch
from yongquan.institutions.links import Links
from yongquan.institutions.v3 import Seal
from yongquan.kernel.regions import Regions
from yongquan.payments.routes import Routes
from yongquan.plumbing.clock import Clock
from yongquan.plumbing.db import Database
from yongquan.plumbing.limits import RateLimit
from yongquan.plumbing.sandbox_sms import SandboxPhones
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.tokens import Tokens
from yongquan.programmes.bank_goods import BankGoods
from yongquan.staff import StaffDesk
from yongquan.staff.sandbox import SandboxAuthenticator
from yongquan.vouchers.catalogue import Catalogue, RoundOffer
from yongquan.web.dialects.acp.calls import Services


@dataclass(frozen=True, slots=True)
class Door:
    """Handed to every router by the composition root."""

    database: Database
    cells: int
    clock: Clock
    tokens: Tokens
    sealing: Sealing
    regions: Regions
    catalogue: Catalogue
    claims: ClaimDesk
    packs: PackDesk
    payments: PaymentDesk
    refunds: RefundDesk
    orders: OrderDesk
    cards: Cards
    mandates: Mandates
    payouts: Payouts
    card_payments: CardPayments
    transfers: Transfers
    goods: BankGoods
    cashier: CashierDesk
    draws: Draws
    find_round: Callable[[str], Awaitable[RoundOffer | None]]
    hash_code: Callable[[str], UUID]
    limit: RateLimit
    links: Links
    phones: SandboxPhones | None  # None outside the sandbox: no page may show a text message
    staff: StaffDesk
    callers: Callers
    apps: AppDesk
    v3_seal: Seal
    routes: Routes
    bindings: BindingDesk
    guests: GuestDesk
    phone_pay: PhoneDesk
    risk: RiskDesk
    lists: ListDesk
    limits: LimitDesk
    onboarding: Onboarding
    merchant_checks: MerchantChecks
    merchant_review: MerchantReview
    licence_watch: LicenceWatch
    acp: Services
    verifying: Verifying
    reporting: Reporting
    warnings: Warnings
    authenticator: SandboxAuthenticator | None  # None outside the sandbox: no page may show a code
