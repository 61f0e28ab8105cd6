"""Questions: what became of a transaction, and the certificate to encrypt to."""

from yongquan.flows.read_acp_outcome import result_fields
from yongquan.flows.trade_by_acp import AcpRefused
from yongquan.institutions.acp import codes
from yongquan.web.dialects.acp.calls import ANY_BIZ, ASK, Call, Flow, Reply
from yongquan.web.dialects.acp.fields import ORDER


async def query(call: Call) -> Reply:
    """What became of the transaction of these numbers: `origRespCode`."""
    desk = call.services.desk
    found = await desk.find(call.asked)
    if found is None:
        raise AcpRefused(codes.NOT_FOUND)
    outcome = await desk.outcome(found)
    said = {
        **result_fields(found, outcome),
        "txnType": found.txn_type,
        "txnSubType": found.txn_sub_type,
        "bizType": found.biz_type,
        "origRespCode": outcome.code,
        "origRespMsg": codes.message(outcome.code),
    }
    if "reqReserved" in found.request:
        said["reqReserved"] = found.request["reqReserved"]
    return Reply(said=said)


async def certificate(call: Call) -> Reply:
    """The certificate that card numbers and phones are encrypted to."""
    if call.fields["certType"] != "01":
        raise AcpRefused(codes.FORMAT, "certType")
    return Reply(said={"certType": "01", "encryptPubKeyCert": call.services.encrypt_pem})


FLOWS = (
    Flow(("00", "00"), ASK, ANY_BIZ, ORDER, query),
    Flow(("95", "00"), ASK, ANY_BIZ, (*ORDER, "certType"), certificate),
)
