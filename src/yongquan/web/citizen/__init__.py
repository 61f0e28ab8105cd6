"""The citizen's phone pages."""

from fastapi import APIRouter
from fastapi.responses import RedirectResponse

from yongquan.plumbing.tokens import Holder
from yongquan.web.cashier.paying import make_hand_over
from yongquan.web.citizen.applications import make_applications
from yongquan.web.citizen.apps import make_apps
from yongquan.web.citizen.bank_goods import make_bank_goods
from yongquan.web.citizen.binding import make_binding
from yongquan.web.citizen.cards import make_cards
from yongquan.web.citizen.codes import make_codes
from yongquan.web.citizen.confirming import make_confirming
from yongquan.web.citizen.draws import make_draw_state
from yongquan.web.citizen.identity import make_identity
from yongquan.web.citizen.limits import make_limits
from yongquan.web.citizen.mandates import make_mandates
from yongquan.web.citizen.merchant_coupons import make_merchant_coupons
from yongquan.web.citizen.order import make_order
from yongquan.web.citizen.own import make_own_page
from yongquan.web.citizen.pay_code import make_pay_code
from yongquan.web.citizen.paying import make_paying
from yongquan.web.citizen.phone_pay import make_phone_pay
from yongquan.web.citizen.plates import make_plates
from yongquan.web.citizen.receipts import make_receipts
from yongquan.web.citizen.reminders import make_reminders
from yongquan.web.citizen.rounds import make_rounds
from yongquan.web.citizen.scan import make_scan
from yongquan.web.citizen.sign_in import make_sign_in
from yongquan.web.citizen.standing import make_standing
from yongquan.web.citizen.stores import make_stores
from yongquan.web.citizen.transfers import make_transfers
from yongquan.web.citizen.wallet import make_wallet
from yongquan.web.door import Door
from yongquan.web.sessions import Sessions
from yongquan.web.tips import make_citizen_tips

__all__ = ["make_citizen"]


def make_citizen(door: Door) -> APIRouter:
    """Every page below `/c`."""
    sessions = Sessions(door.tokens, Holder.CITIZEN, cookie="yq_citizen", root="/c")
    routes = APIRouter(prefix="/c", include_in_schema=False)
    routes.include_router(sessions.make_token_route())
    for make in (
        make_sign_in,
        make_rounds,
        make_draw_state,
        make_wallet,
        make_merchant_coupons,
        make_stores,
        make_pay_code,
        make_phone_pay,
        make_plates,
        make_paying,
        make_order,
        make_receipts,
        make_cards,
        make_limits,
        make_standing,
        make_identity,
        make_binding,
        make_codes,
        make_applications,
        make_reminders,
        make_apps,
        make_own_page,
        make_mandates,
        make_transfers,
        make_bank_goods,
        make_hand_over,
        make_scan,
        make_confirming,
        make_citizen_tips,
    ):
        routes.include_router(make(door, sessions))

    @routes.get("/")
    async def front() -> RedirectResponse:
        return RedirectResponse("/c/rounds", status_code=303)

    return routes
