"""Collection (代收) with mandates and bindings, and payouts (代付)."""

from yongquan.institutions.acp.authorities import BIND, MANDATE
from yongquan.web.dialects.acp.calls import ASK, BACK, COLLECT_BIZ, PAYOUT_BIZ, Call, Flow, Reply, accepted, done
from yongquan.web.dialects.acp.fields import MONEY, ORDER

HOLDER = (*ORDER, "accNo", "customerInfo")


async def sign_mandate(call: Call) -> Reply:
    """Have the payer's bank keep a mandate."""
    return accepted(await call.services.collections.sign(call.asked, kind=MANDATE))


async def cancel_mandate(call: Call) -> Reply:
    """End a mandate: the one of `origQryId`, or the card's newest."""
    return accepted(await call.services.collections.revoke(call.asked, kind=MANDATE))


async def bind(call: Call) -> Reply:
    """Bind a card under the merchant's `bindId`."""
    return accepted(await call.services.collections.sign(call.asked, kind=BIND), bindId=call.fields["bindId"])


async def ask_binding(call: Call) -> Reply:
    """Whether a `bindId` stands."""
    found = await call.services.collections.require(call.asked, kind=BIND)
    return Reply(said={"bindId": found.name, "accNo": f"************{found.pan_tail}"})


async def unbind(call: Call) -> Reply:
    """End a binding."""
    return accepted(await call.services.collections.revoke(call.asked, kind=BIND), bindId=call.fields["bindId"])


async def debit(call: Call) -> Reply:
    """Debit under a mandate, a binding, or a one-time code."""
    return done(*await call.services.collections.debit(call.asked))


async def pay_out(call: Call) -> Reply:
    """Take a payout: accepted, no more."""
    return accepted(await call.services.payouts.pay(call.asked), txnAmt=call.fields["txnAmt"])


FLOWS = (
    Flow(("72", "11"), BACK, COLLECT_BIZ, HOLDER, sign_mandate),
    Flow(("74", "04"), BACK, COLLECT_BIZ, (*ORDER, "origQryId|accNo"), cancel_mandate),
    Flow(("72", "01"), BACK, COLLECT_BIZ, (*HOLDER, "bindId"), bind),
    Flow(("75", "00"), ASK, COLLECT_BIZ, (*ORDER, "bindId"), ask_binding),
    Flow(("74", "00"), BACK, COLLECT_BIZ, (*ORDER, "bindId"), unbind),
    Flow(("11", "00"), BACK, COLLECT_BIZ, (*ORDER, *MONEY, "backUrl", "accNo|bindId"), debit),
    Flow(("12", "00"), BACK, PAYOUT_BIZ, (*ORDER, *MONEY, "backUrl", "accNo"), pay_out),
)
