"""Batch files of collections and payouts, and what became of them."""

from yongquan.web.dialects.acp.calls import BATCH, COLLECT_BIZ, PAYOUT_BIZ, Call, Flow, Reply

NAMED = ("txnTime", "batchNo")
FILE = (*NAMED, "totalQty", "totalAmt", "fileContent")


async def take(call: Call) -> Reply:
    """Take a batch: accepted, no more."""
    batch = await call.services.batches.take(call.asked)
    return Reply(said={"queryId": batch.query_id, "batchNo": batch.batch_no})


async def ask(call: Call) -> Reply:
    """What became of a batch, row by row, once all have ended."""
    batch, content = await call.services.batches.result(call.asked)
    return Reply(
        said={
            "batchNo": batch.batch_no,
            "totalQty": str(batch.total_qty),
            "totalAmt": str(batch.total_fen),
            "fileContent": content,
            "queryId": batch.query_id,
        }
    )


FLOWS = (
    Flow(("21", "02"), BATCH, COLLECT_BIZ, FILE, take),
    Flow(("21", "03"), BATCH, PAYOUT_BIZ, FILE, take),
    Flow(("22", "02"), BATCH, COLLECT_BIZ, NAMED, ask),
    Flow(("22", "03"), BATCH, PAYOUT_BIZ, NAMED, ask),
)
