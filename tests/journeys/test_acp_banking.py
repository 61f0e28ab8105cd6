"""Holds, mandates, payouts and batches through ACP, against a real server and its sandbox banks."""

import base64
import time
import zlib

import httpx
from acp_client import CARD, OTHER_CARD, AcpClient, Listener, asked, money


def test_a_mandate_is_kept_debited_under_and_cancelled(acp: AcpClient, heard: Listener) -> None:
    signing = acp.fields("72/11", "000501", **acp.card(), customerInfo=acp.customer())
    same = {"orderId": signing["orderId"], "txnTime": signing["txnTime"]}
    card = acp.card()
    before = acp.ask("backTransReq", "11/00", "000501", **money(heard, 500), **card, customerInfo=acp.customer(""))

    code = acp.ask("backTransReq", "77/01", "000501", **same, **card, customerInfo=acp.customer(""))
    wrong = acp.ask("backTransReq", "72/11", "000501", **card, customerInfo=acp.customer("999999"))
    signed = acp.exchange("backTransReq", signing)
    debit = acp.fields("11/00", "000501", **money(heard, 500), **card, customerInfo=acp.customer(""))
    debited = acp.exchange("backTransReq", debit)
    too_much = acp.ask("backTransReq", "11/00", "000501", **money(heard, 50_000_01), **card)
    told = acp.told(heard, debit["orderId"], txn_type="11")
    back = acp.ask("backTransReq", "04/00", "000501", **money(heard, 200), origQryId=debited["queryId"])
    cancelled = acp.ask("backTransReq", "74/04", "000501", origQryId=signed["queryId"])
    after = acp.ask("backTransReq", "11/00", "000501", **money(heard, 500), **card)

    assert (before["respCode"], code["respCode"], wrong["respCode"]) == ("40", "00", "71")
    assert (signed["respCode"], debited["respCode"], too_much["respCode"]) == ("00", "00", "33")
    assert (asked(acp, debit)["origRespCode"], told["respCode"]) == ("00", "00")
    assert (back["respCode"], cancelled["respCode"], after["respCode"]) == ("00", "00", "40")


def test_a_bound_card_is_asked_about_debited_and_unbound(acp: AcpClient, heard: Listener) -> None:
    bind_id = "member000042"

    unknown = acp.ask("queryTrans", "75/00", "000501", bindId=bind_id)
    bound = acp.ask("backTransReq", "72/01", "000501", **acp.card(), customerInfo=acp.customer(""), bindId=bind_id)
    found = acp.ask("backTransReq", "75/00", "000501", bindId=bind_id)
    debited = acp.ask("backTransReq", "11/00", "000501", **money(heard, 900), bindId=bind_id)
    unbound = acp.ask("backTransReq", "74/00", "000501", bindId=bind_id)
    after = acp.ask("backTransReq", "11/00", "000501", **money(heard, 900), bindId=bind_id)

    assert (unknown["respCode"], bound["respCode"], found["respCode"]) == ("40", "00", "00")
    assert found["accNo"].endswith(CARD[-4:])
    assert (debited["respCode"], unbound["respCode"], after["respCode"]) == ("00", "00", "40")


def test_a_single_debit_needs_a_code(acp: AcpClient, heard: Listener) -> None:
    order = acp.fields("11/00", "000501", **money(heard, 321), accNo=OTHER_CARD, customerInfo=acp.customer())

    assert acp.exchange("backTransReq", order)["respCode"] == "00"
    assert asked(acp, order)["origRespCode"] == "00"


def test_a_payout_is_accepted_and_its_end_is_told(acp: AcpClient, heard: Listener) -> None:
    order = acp.fields("12/00", "000401", **money(heard, 4_200), **acp.card(), customerInfo=acp.customer(""))

    answer = acp.exchange("backTransReq", order)
    repeat = acp.exchange("backTransReq", order)
    told = acp.told(heard, order["orderId"], txn_type="12")
    found = asked(acp, order)
    wrong = acp.ask("backTransReq", "12/00", "000401", **money(heard, 1), accNo="9999990000000000", **holder(acp))

    assert (answer["respCode"], repeat["respCode"]) == ("00", "12")
    assert (told["respCode"], found["origRespCode"], found["txnType"]) == ("00", "00", "12")
    assert wrong["respCode"] == "61"


def holder(acp: AcpClient) -> dict[str, str]:
    return {"customerInfo": acp.customer("")}


def test_a_hold_by_page_is_completed_its_completion_cancelled_and_the_hold_freed(
    acp: AcpClient, heard: Listener
) -> None:
    order = acp.fields("02/01", "000201", **money(heard, 10_000))
    cashier = acp.post("/gateway/api/frontTransReq.do", acp.signed(order)).headers["location"]
    httpx.post(cashier, data={"card": CARD, "code": "111111"}, trust_env=False)
    held = asked(acp, order)
    hold = {"origQryId": held["queryId"]}

    too_much = acp.ask("backTransReq", "03/00", "000201", **money(heard, 11_501), **hold)
    completion = acp.fields("03/00", "000201", **money(heard, 11_500), **hold)
    completed = acp.exchange("backTransReq", completion)
    done = {"origQryId": completed["queryId"]}
    part = acp.ask("backTransReq", "33/00", "000201", **money(heard, 1), **done)
    undone = acp.fields("33/00", "000201", **money(heard, 11_500), **done)
    cancelled = acp.exchange("backTransReq", undone)
    freed = acp.ask("backTransReq", "32/00", "000201", **money(heard, 10_000), **hold)
    after = acp.ask("backTransReq", "03/00", "000201", **money(heard, 100), **hold)

    assert (held["origRespCode"], held["txnType"]) == ("00", "02")
    assert acp.told(heard, order["orderId"], txn_type="02")["respCode"] == "00"
    assert [one["respCode"] for one in (too_much, completed, part, cancelled, freed, after)] == [
        *("36", "00", "36", "00", "00", "45")
    ]
    assert acp.told(heard, completion["orderId"], txn_type="03")["txnAmt"] == "11500"
    assert acp.told(heard, undone["orderId"], txn_type="33")["respCode"] == "00"
    assert [asked(acp, one)["origRespCode"] for one in (order, completion, undone)] == ["00", "00", "00"]


def test_a_hold_without_a_page_is_completed_and_refunded(acp: AcpClient, heard: Listener) -> None:
    held = acp.ask("backTransReq", "02/01", "000301", **money(heard, 500), **acp.card(), customerInfo=acp.customer())
    completed = acp.ask("backTransReq", "03/00", "000301", **money(heard, 400), origQryId=held["queryId"])
    too_much = acp.ask("backTransReq", "04/00", "000301", **money(heard, 401), origQryId=completed["queryId"])
    refund = acp.ask("backTransReq", "04/00", "000301", **money(heard, 400), origQryId=completed["queryId"])

    assert [one["respCode"] for one in (held, completed, too_much, refund)] == ["00", "00", "36", "00"]


def test_a_reversed_hold_never_was(acp: AcpClient, heard: Listener) -> None:
    held = acp.ask("backTransReq", "02/01", "000301", **money(heard, 500), **acp.card(), customerInfo=acp.customer())
    same = {"orderId": held["orderId"], "txnTime": held["txnTime"]}

    assert acp.ask("backTransReq", "99/01", "000000", **same)["respCode"] == "00"
    assert asked(acp, held)["origRespCode"] == "02"


def packed(lines: list[str]) -> str:
    return base64.b64encode(zlib.compress("".join(f"{line}\r\n" for line in lines).encode())).decode()


def batch_result(acp: AcpClient, kind: str, biz_type: str, numbers: dict[str, str]) -> list[dict[str, str]]:
    """The rows of the file that answers, once the batch is ready."""
    deadline = time.monotonic() + 30
    while (answer := acp.ask("batchTrans", kind, biz_type, orderId="", **numbers))["respCode"] == "41":
        assert time.monotonic() < deadline
        time.sleep(0.3)
    assert answer["respCode"] == "00"
    _, titles, *rows = zlib.decompress(base64.b64decode(answer["fileContent"])).decode().split("\r\n")[:-1]
    return [dict(zip(titles.split("|"), row.split("|"), strict=True)) for row in rows]


def test_a_batch_of_payouts_tells_what_became_of_each_row(acp: AcpClient) -> None:
    rows = [
        f"batch000001a|156|1000|01|{CARD}|全渠道",
        "batch000002a|156|2000|01|9999990000000000|全渠道",
        f"batch000003a|156|3000|01|{OTHER_CARD}|全渠道",
    ]
    content = packed(["20260101|6000|3||", "orderId|currencyCode|txnAmt|accType|accNo|customerNm", *rows])
    totals = {"totalQty": "3", "totalAmt": "6000", "fileContent": content}
    asking = acp.fields("21/03", "000401", batchNo="0001", orderId="", **totals)

    taken = acp.exchange("batchTrans", asking)
    repeat = acp.exchange("batchTrans", asking)
    wrong = acp.ask("batchTrans", "21/03", "000401", batchNo="0002", orderId="", **totals | {"totalAmt": "6001"})
    nothing = acp.ask("batchTrans", "22/03", "000401", batchNo="0009", orderId="")
    result = batch_result(acp, "22/03", "000401", {"batchNo": "0001", "txnTime": asking["txnTime"]})

    assert [one["respCode"] for one in (taken, repeat, wrong, nothing)] == ["00", "12", "14", "34"]
    assert [(row["orderId"], row["respCode"]) for row in result] == [
        *(("batch000001a", "00"), ("batch000002a", "61"), ("batch000003a", "00"))
    ]
    assert asked(acp, {"orderId": "batch000001a", "txnTime": asking["txnTime"]})["origRespCode"] == "00"


def test_a_batch_of_collections_needs_authorities(acp: AcpClient) -> None:
    acp.ask("backTransReq", "72/01", "000501", **acp.card(), customerInfo=acp.customer(), bindId="batchmember1")
    rows = ["collect00001|156|700|batchmember1|", f"collect00002|156|800||{OTHER_CARD}"]
    content = packed(["20260101|1500|2||", "orderId|currencyCode|txnAmt|bindId|accNo", *rows])
    totals = {"totalQty": "2", "totalAmt": "1500", "fileContent": content}
    asking = acp.fields("21/02", "000501", batchNo="0001", orderId="", **totals)

    taken = acp.exchange("batchTrans", asking)
    result = batch_result(acp, "22/02", "000501", {"batchNo": "0001", "txnTime": asking["txnTime"]})

    assert taken["respCode"] == "00"
    assert [row["respCode"] for row in result] == ["00", "40"]


def test_a_card_is_opened_on_a_page(acp: AcpClient, heard: Listener) -> None:
    asking = acp.fields("79/00", "000902", backUrl=heard.url, tokenPayData="{trId=62000000001&tokenType=01}")
    page = acp.post("/gateway/api/frontTransReq.do", acp.signed(asking)).headers["location"]

    shown = httpx.get(page, trust_env=False)
    wrong = httpx.post(page, data={"card": OTHER_CARD, "code": "1"}, trust_env=False)
    opened = httpx.post(page, data={"card": OTHER_CARD, "code": "111111"}, trust_env=False, follow_redirects=True)
    told = acp.told(heard, asking["orderId"], txn_type="79")
    paid = acp.ask("backTransReq", "01/01", "000902", **money(heard, 100), tokenPayData=told["tokenPayData"])

    assert (shown.status_code, wrong.status_code, opened.status_code) == (200, 422, 200)
    assert (told["respCode"], told["activateStatus"]) == ("00", "1")
    assert (paid["respCode"], asked(acp, asking)["origRespCode"]) == ("00", "00")
