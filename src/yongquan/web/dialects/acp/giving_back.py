"""Refunds, undoing, and reversing what got no answer."""

from yongquan.flows.trade_by_acp import AcpRefused
from yongquan.institutions.acp import codes
from yongquan.web.dialects.acp.calls import ANY_BIZ, BACK, Call, Flow, Reply, done
from yongquan.web.dialects.acp.fields import MONEY, ORDER

GIVE_BACK = (*ORDER, *MONEY[:1], "origQryId", "backUrl", "channelType")


async def refund(call: Call) -> Reply:
    """Give a part or the whole back."""
    return done(*await call.services.desk.refund(call.asked))


async def undo(call: Call) -> Reply:
    """Undo the whole on its own day."""
    return done(*await call.services.desk.undo(call.asked))


async def reverse(call: Call) -> Reply:
    """Make sure that the transaction of these numbers never was."""
    original = await call.services.desk.find(call.asked)
    if original is None:
        raise AcpRefused(codes.ORIGINAL_MISSING)
    if call.fields.get("txnAmt") and call.asked.amount_fen != original.amount_fen:
        raise AcpRefused(codes.MISMATCH, "txnAmt")
    outcome = await call.services.desk.reverse(original)
    return Reply(outcome.code, {"queryId": original.query_id})


FLOWS = (
    Flow(("04", "00"), BACK, ANY_BIZ, GIVE_BACK, refund),
    Flow(("31", "00"), BACK, ANY_BIZ, GIVE_BACK, undo),
    Flow(("99", "01"), BACK, ANY_BIZ, ORDER, reverse),
)
