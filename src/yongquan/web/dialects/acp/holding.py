"""Pre-authorisation (预授权), its completion, and the cancels of both."""

from yongquan.web.dialects.acp.calls import ANY_BIZ, APP, BACK, DIRECT_BIZ, FRONT, PAGE_BIZ, Call, Flow, Reply, done
from yongquan.web.dialects.acp.giving_back import GIVE_BACK
from yongquan.web.dialects.acp.paying import PAY, expires_at, pay_in_app, pay_on_page


async def hold_directly(call: Call) -> Reply:
    """Hold money on an opened card, a token, or a card proved by a one-time code."""
    desk = call.services.desk
    await desk.require_new(call.asked)
    card = await call.services.cards.to_charge(call.asked)
    transaction = await desk.open_order(call.asked, "back", expires_at=expires_at(call))
    return done(transaction, await call.services.holds.hold(transaction, card.payer()))


async def complete(call: Call) -> Reply:
    """Take what is held."""
    return done(*await call.services.holds.complete(call.asked))


async def cancel(call: Call) -> Reply:
    """Give what is held free."""
    return done(*await call.services.holds.cancel(call.asked))


async def cancel_completion(call: Call) -> Reply:
    """Undo a completion on its day."""
    return done(*await call.services.holds.cancel_completion(call.asked))


FLOWS = (
    Flow(("02", "01"), FRONT, PAGE_BIZ, PAY, pay_on_page),
    Flow(("02", "01"), APP, PAGE_BIZ, PAY, pay_in_app),
    Flow(("02", "01"), BACK, DIRECT_BIZ, (*PAY, "accNo|tokenPayData"), hold_directly),
    Flow(("03", "00"), BACK, ANY_BIZ, GIVE_BACK, complete),
    Flow(("32", "00"), BACK, ANY_BIZ, GIVE_BACK, cancel),
    Flow(("33", "00"), BACK, ANY_BIZ, GIVE_BACK, cancel_completion),
)
