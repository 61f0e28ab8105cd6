"""Opening cards for charges without a page: one-time codes, openings, tokens."""

from yongquan.flows.open_acp_card import TOKEN_BIZ, say_token
from yongquan.flows.trade_by_acp import AcpRefused
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.opened_cards import OpenedCard
from yongquan.web.dialects.acp.calls import ASK, BACK, COLLECT_BIZ, DIRECT_BIZ, FRONT, Call, Flow, Reply, accepted
from yongquan.web.dialects.acp.fields import ORDER

TOKEN = frozenset({TOKEN_BIZ})
CARD = (*ORDER, "accNo", "customerInfo")


async def send_code(call: Call) -> Reply:
    """Send a one-time code for the order that comes under the same numbers."""
    await call.services.cards.send_code(call.asked)
    return Reply()


async def open_card(call: Call) -> Reply:
    """Open a card with the code that was sent for it."""
    return await _open(call)


async def open_on_page(call: Call) -> Reply:
    """Send the payer to the page where the card is opened; the same request again leads to the same page."""
    desk = call.services.desk
    earlier = await desk.find(call.asked)
    if earlier is not None and (earlier.body_hash != call.asked.body_hash or earlier.resp_code is not None):
        raise AcpRefused(codes.DUPLICATE)
    transaction = earlier or await desk.remember(call.asked, "front")
    return Reply(goes_to=f"{call.address}/gateway/open/{transaction.query_id}")


async def ask_opening(call: Call) -> Reply:
    """Whether a card is open for this merchant."""
    opened = await call.services.cards.opened(call.asked)
    if opened is None:
        return Reply(codes.NOT_OPENED, {"activateStatus": "0"})
    return Reply(said={"activateStatus": "1", "payCardType": "01", **_token(opened)})


async def apply_token(call: Call) -> Reply:
    """A token for a card that is open, or is opened now with a code."""
    opened = await call.services.cards.opened(call.asked)
    if opened is None and call.fields.get("accNo"):
        return await _open(call)
    if opened is None:
        raise AcpRefused(codes.BINDING)
    return Reply(said=_token(opened))


async def update_token(call: Call) -> Reply:
    """A fresh token in an old one's place."""
    await call.services.desk.require_new(call.asked)
    renewed = await call.services.cards.renew(call.asked)
    return accepted(await call.services.desk.remember(call.asked, "back", resp_code=codes.OK), **_token(renewed))


async def delete_token(call: Call) -> Reply:
    """Forget a token."""
    await call.services.desk.require_new(call.asked)
    await call.services.cards.forget(call.asked)
    return accepted(await call.services.desk.remember(call.asked, "back", resp_code=codes.OK))


async def _open(call: Call) -> Reply:
    desk, cards = call.services.desk, call.services.cards
    await desk.require_new(call.asked)
    opened = await cards.open(call.asked, await cards.named(call.asked))
    said = {"activateStatus": "1", **_token(opened)}
    transaction = await desk.remember(call.asked, "back", resp_code=codes.OK, answer=said)
    return accepted(transaction, **said)


def _token(opened: OpenedCard) -> dict[str, str]:
    said = say_token(opened)
    return {"tokenPayData": said} if said else {}


FLOWS = (
    Flow(("77", "00"), BACK, DIRECT_BIZ, CARD, send_code),
    Flow(("77", "02"), BACK, DIRECT_BIZ, (*ORDER, "accNo|tokenPayData"), send_code),
    Flow(("77", "01"), BACK, COLLECT_BIZ, CARD, send_code),
    Flow(("79", "00"), FRONT, DIRECT_BIZ, (*ORDER, "backUrl"), open_on_page),
    Flow(("79", "00"), BACK, DIRECT_BIZ, CARD, open_card),
    Flow(("78", "00"), ASK, DIRECT_BIZ, ORDER, ask_opening),
    Flow(("79", "05"), BACK, TOKEN, (*ORDER, "tokenPayData"), apply_token),
    Flow(("79", "03"), BACK, TOKEN, (*ORDER, "tokenPayData"), update_token),
    Flow(("74", "01"), BACK, TOKEN, (*ORDER, "tokenPayData"), delete_token),
)
