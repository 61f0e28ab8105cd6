"""Merchants' existing ACP clients against a real server: a signed exchange for every row of the flow table."""

from urllib.parse import urlsplit

import httpx
import pytest
from acp_client import CARD, OTHER_CARD, AcpClient, Listener, asked, money


def consumed(acp: AcpClient, heard: Listener, fen: int = 1000, *, pan: str = CARD) -> dict[str, str]:
    """Paid without a page, the card proved by the code that was sent."""
    order = acp.fields("01/01", "000301", **money(heard, fen), **acp.card(pan), customerInfo=acp.customer())
    answer = acp.exchange("backTransReq", order)
    assert answer["respCode"] == "00", answer
    return answer


def test_consume_by_page_sends_the_payer_to_the_cashier_and_tells_the_merchant(acp: AcpClient, heard: Listener) -> None:
    order = acp.fields(
        "01/01", "000201", **money(heard, 1000), frontUrl="http://shop.example/done", reqReserved="{a=1&b=2}"
    )
    signed = acp.signed(order)

    sent_on = acp.post("/gateway/api/frontTransReq.do", signed)
    again = acp.post("/gateway/api/frontTransReq.do", signed)
    unpaid = asked(acp, order)
    cashier = sent_on.headers["location"]
    shown = httpx.get(cashier, trust_env=False)
    wrong = httpx.post(cashier, data={"card": CARD, "code": "000000"}, trust_env=False)
    paid = httpx.post(cashier, data={"card": CARD, "code": "111111"}, trust_env=False)
    back = httpx.get(f"{acp.address}{paid.headers['location']}", trust_env=False)
    told = acp.told(heard, order["orderId"])
    found = asked(acp, order)

    assert (sent_on.status_code, sent_on.content) == (302, b"")
    assert again.headers["location"] == cashier
    assert (unpaid["respCode"], unpaid["origRespCode"]) == ("00", "05")
    assert "10.00" in shown.text
    assert wrong.status_code == 422
    assert 'action="http://shop.example/done"' in back.text
    assert "form-action 'self' http://shop.example" in back.headers["content-security-policy"]
    assert (told["respCode"], told["reqReserved"]) == ("00", "{a=1&b=2}")
    assert (found["origRespCode"], found["origRespMsg"]) == ("00", "成功[0000000]")
    assert (found["queryId"], found["settleAmt"]) == (told["queryId"], "1000")
    assert len(found["traceNo"]) == 6
    assert len(found["traceTime"]) == 10
    assert len(found["settleDate"]) == 4


def test_a_browser_gets_a_page(acp: AcpClient, heard: Listener) -> None:
    order = acp.signed(acp.fields("01/01", "000201", **money(heard, 1000)))
    person = {"Accept": "text/html,application/xhtml+xml", "User-Agent": "Mozilla/5.0 (X11)"}

    page = acp.post("/gateway/api/frontTransReq.do", order, **person)
    refused = acp.post("/gateway/api/frontTransReq.do", {**order, "txnAmt": "1"}, **person)

    assert page.status_code == 200
    assert "/gateway/pay/" in page.text
    assert refused.status_code == 400
    assert "[1100000]" in refused.text


def test_consume_without_a_page_after_its_code(acp: AcpClient, heard: Listener) -> None:
    order = acp.fields("01/01", "000301", **money(heard, 2500), **acp.card(), customerInfo=acp.customer())
    numbers = {"orderId": order["orderId"], "txnTime": order["txnTime"]}

    code = acp.ask("backTransReq", "77/02", "000301", **numbers, **acp.card(), customerInfo=acp.customer(""))
    paid = acp.exchange("backTransReq", order)
    found = asked(acp, order)
    told = acp.told(heard, order["orderId"])

    assert code["respCode"] == "00"
    assert (paid["respCode"], paid["respMsg"]) == ("00", "成功[0000000]")
    assert len(paid["queryId"]) == 21
    assert (found["origRespCode"], found["queryId"]) == ("00", paid["queryId"])
    assert (told["respCode"], told["txnAmt"]) == ("00", "2500")


def test_a_card_is_opened_asked_about_and_charged(acp: AcpClient, heard: Listener) -> None:
    numbers = acp.fields("79/00", "000301")
    same = {"orderId": numbers["orderId"], "txnTime": numbers["txnTime"]}
    before = acp.ask("backTransReq", "78/00", "000301", **acp.card(OTHER_CARD))
    not_opened = acp.ask("backTransReq", "01/01", "000301", **money(heard, 100), **acp.card(OTHER_CARD))

    code = acp.ask("backTransReq", "77/00", "000301", **same, **acp.card(OTHER_CARD), customerInfo=acp.customer(""))
    wrong = acp.ask("backTransReq", "79/00", "000301", **acp.card(OTHER_CARD), customerInfo=acp.customer("999999"))
    opened = acp.exchange("backTransReq", {**numbers, **acp.card(OTHER_CARD), "customerInfo": acp.customer()})
    after = acp.ask("backTransReq", "78/00", "000301", accNo=OTHER_CARD)
    paid = acp.ask("backTransReq", "01/01", "000301", **money(heard, 100), accNo=OTHER_CARD)

    assert (before["respCode"], not_opened["respCode"], wrong["respCode"]) == ("77", "77", "71")
    assert (code["respCode"], opened["respCode"], opened["activateStatus"]) == ("00", "00", "1")
    assert (after["respCode"], after["activateStatus"], paid["respCode"]) == ("00", "1", "00")


def test_a_token_is_applied_for_used_updated_and_deleted(acp: AcpClient, heard: Listener) -> None:
    want = "{trId=62000000001&tokenType=01}"
    applied = acp.ask("backTransReq", "79/05", "000902", tokenPayData=want, **acp.card(), customerInfo=acp.customer())
    token = applied["tokenPayData"]
    order = acp.fields("01/01", "000902", **money(heard, 300), tokenPayData=token, customerInfo=acp.customer())
    same = {"orderId": order["orderId"], "txnTime": order["txnTime"]}

    code = acp.ask("backTransReq", "77/02", "000902", **same, tokenPayData=token)
    paid = acp.exchange("backTransReq", order)
    found = acp.ask("backTransReq", "78/00", "000902", tokenPayData=token)
    updated = acp.ask("backTransReq", "79/03", "000902", tokenPayData=token)
    old = acp.ask("backTransReq", "01/01", "000902", **money(heard, 300), tokenPayData=token)
    deleted = acp.ask("backTransReq", "74/01", "000902", tokenPayData=updated["tokenPayData"])
    gone = acp.ask("backTransReq", "01/01", "000902", **money(heard, 300), tokenPayData=updated["tokenPayData"])

    assert token.startswith("{token=62")
    assert (applied["respCode"], code["respCode"], paid["respCode"]) == ("00", "00", "00")
    assert (found["activateStatus"], found["tokenPayData"]) == ("1", token)
    assert updated["tokenPayData"] != token
    assert (old["respCode"], deleted["respCode"], gone["respCode"]) == ("40", "00", "40")


def test_refunds_in_parts_then_nothing_is_left(acp: AcpClient, heard: Listener) -> None:
    paid = consumed(acp, heard, 1000)
    back = {"origQryId": paid["queryId"]}

    first = acp.fields("04/00", "000301", **money(heard, 300), **back)
    answer = acp.exchange("backTransReq", first)
    too_much = acp.ask("backTransReq", "04/00", "000301", **money(heard, 701), **back)
    rest = acp.ask("backTransReq", "04/00", "000301", **money(heard, 700), **back)
    nothing_left = acp.ask("backTransReq", "04/00", "000301", **money(heard, 1), **back)
    found = asked(acp, first)
    original = asked(acp, paid)
    told = acp.told(heard, first["orderId"], txn_type="04")

    assert (answer["respCode"], rest["respCode"]) == ("00", "00")
    assert (too_much["respCode"], nothing_left["respCode"]) == ("36", "45")
    assert (found["origRespCode"], found["txnType"], found["txnAmt"]) == ("00", "04", "300")
    assert original["origRespCode"] == "00"
    assert (told["respCode"], told["origQryId"]) == ("00", paid["queryId"])


def test_an_order_is_undone_on_its_day_whole(acp: AcpClient, heard: Listener) -> None:
    paid = consumed(acp, heard, 1000)
    back = {"origQryId": paid["queryId"]}

    part = acp.ask("backTransReq", "31/00", "000301", **money(heard, 999), **back)
    undone = acp.fields("31/00", "000301", **money(heard, 1000), **back)
    answer = acp.exchange("backTransReq", undone)
    again = acp.ask("backTransReq", "31/00", "000301", **money(heard, 1000), **back)

    assert (part["respCode"], answer["respCode"], again["respCode"]) == ("36", "00", "45")
    assert asked(acp, undone)["origRespCode"] == "00"
    assert acp.told(heard, undone["orderId"], txn_type="31")["respCode"] == "00"


def test_a_reversal_undoes_what_got_no_answer(acp: AcpClient, heard: Listener) -> None:
    paid = consumed(acp, heard, 1000)
    same = {"orderId": paid["orderId"], "txnTime": paid["txnTime"]}

    answer = acp.ask("backTransReq", "99/01", "000000", **same, txnAmt="1000")
    again = acp.ask("backTransReq", "99/01", "000802", **same)
    unknown = acp.ask("backTransReq", "99/01", "000000")

    assert (answer["respCode"], again["respCode"], unknown["respCode"]) == ("00", "00", "35")
    assert asked(acp, paid)["origRespCode"] == "02"


@pytest.mark.parametrize("endpoint", ["backTransReq", "qrcBackTransReq"])
def test_a_qr_code_leads_to_the_cashier(acp: AcpClient, heard: Listener, endpoint: str) -> None:
    order = acp.fields("01/07", "000000", **money(heard, 600))

    answer = acp.exchange(endpoint, order)
    paid = httpx.post(answer["qrCode"], data={"card": CARD, "code": "111111"}, trust_env=False)

    assert answer["respCode"] == "00"
    assert paid.status_code == 303
    assert acp.told(heard, order["orderId"])["txnSubType"] == "07"
    refund = acp.ask("backTransReq", "04/00", "000000", **money(heard, 600), origQryId=asked(acp, order)["queryId"])
    assert refund["respCode"] == "00"


def test_an_app_pays_by_the_number_it_was_given(acp: AcpClient, heard: Listener) -> None:
    order = acp.fields("01/01", "000201", **money(heard, 700), channelType="08")

    answer = acp.exchange("appTransReq", order)
    cashier = httpx.get(f"{acp.address}/gateway/app/{answer['tn']}", trust_env=False).headers["location"]
    httpx.post(f"{acp.address}{cashier}", data={"card": CARD, "code": "111111"}, trust_env=False)

    assert len(answer["tn"]) == 21
    assert asked(acp, order)["origRespCode"] == "00"


def test_the_encryption_certificate_is_handed_out(acp: AcpClient) -> None:
    answer = acp.ask("backTransReq", "95/00", "000000", certType="01", channelType="07")

    assert answer["respCode"] == "00"
    assert "BEGIN CERTIFICATE" in answer["encryptPubKeyCert"]


@pytest.mark.parametrize("endpoint", ["cardTransReq", "/jiaofei/api/backTransReq.do"])
def test_other_addresses_serve_the_same(acp: AcpClient, heard: Listener, endpoint: str) -> None:
    order = acp.fields("01/01", "000301", **money(heard, 100), **acp.card(), customerInfo=acp.customer())

    assert acp.exchange(endpoint, order)["respCode"] == "00"
    numbers = {"orderId": order["orderId"], "txnTime": order["txnTime"]}
    assert acp.ask("/jiaofei/api/queryTrans.do", "00/00", "000000", **numbers)["origRespCode"] == "00"


@pytest.mark.parametrize("sign_method", ["11", "12"])
@pytest.mark.parametrize("endpoint", ["queryTrans"])
def test_keyed_methods_are_answered_alike(acp: AcpClient, endpoint: str, sign_method: str) -> None:
    answer = acp.ask(endpoint, "00/00", "000000", signMethod=sign_method)

    assert (answer["signMethod"], answer["respCode"]) == (sign_method, "34")


def test_version_5_0_0_signs_with_sha1(acp: AcpClient) -> None:
    answer = acp.ask("queryTrans", "00/00", "000000", version="5.0.0")

    assert (answer["version"], answer["respCode"]) == ("5.0.0", "34")


def test_empty_values_may_be_signed_or_left_out(acp: AcpClient) -> None:
    fields = acp.fields("00/00", "000000")
    with_empty = acp.signed({**fields, "accNo": ""})
    without = {**acp.signed(fields), "accNo": ""}

    answers = [acp.read(acp.post("/gateway/api/queryTrans.do", sent)) for sent in (with_empty, without)]

    assert [answer["respCode"] for answer in answers] == ["34", "34"]


def refusal(acp: AcpClient, heard: Listener, change: dict[str, str]) -> dict[str, str]:
    order = acp.fields("01/01", "000301", **money(heard, 100), **acp.card(), customerInfo=acp.customer())
    return acp.exchange("backTransReq", {k: v for k, v in {**order, **change}.items() if v})


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"txnAmt": ""}, "13"),
        ({"orderId": ""}, "13"),
        ({"bizType": ""}, "13"),
        ({"accNo": ""}, "13"),
        ({"backUrl": ""}, "13"),
        ({"merId": ""}, "13"),
        ({"orderId": "short"}, "10"),
        ({"txnAmt": "0"}, "10"),
        ({"txnAmt": "12.50"}, "10"),
        ({"currencyCode": "840"}, "10"),
        ({"txnTime": "20220231120000"}, "10"),
        ({"txnType": "88"}, "10"),
        ({"bizType": "000999"}, "10"),
        ({"reqReserved": "{a=1"}, "10"),
        ({"customerInfo": "!"}, "10"),
        ({"accNo": "6216261000000000019"}, "61"),
        ({"accNo": "9999990000000000"}, "61"),
        ({"payTimeout": "20200101000000"}, "39"),
        ({"merId": "000000000000000"}, "31"),
        ({"certId": "1"}, "11"),
    ],
    ids=lambda value: "-".join(f"{k}={v}" for k, v in value.items()) if isinstance(value, dict) else value,
)
def test_a_wrong_request_is_refused_by_its_code(
    acp: AcpClient, heard: Listener, change: dict[str, str], code: str
) -> None:
    answer = refusal(acp, heard, change)

    assert (answer["respCode"], answer["respMsg"].endswith(f"[{code}00000]")) == (code, True)


def test_a_changed_request_and_a_repeat_are_refused(acp: AcpClient, heard: Listener) -> None:
    order = acp.fields("01/01", "000301", **money(heard, 100), **acp.card(), customerInfo=acp.customer())
    signed = acp.signed(order)

    changed = acp.read(acp.post("/gateway/api/backTransReq.do", {**signed, "txnAmt": "1"}))
    unsigned = acp.read(acp.post("/gateway/api/backTransReq.do", order))
    paid = acp.read(acp.post("/gateway/api/backTransReq.do", signed))
    repeat = acp.read(acp.post("/gateway/api/backTransReq.do", signed))

    assert [one["respCode"] for one in (changed, unsigned, paid, repeat)] == ["11", "11", "00", "12"]


def test_an_order_or_original_that_is_not_there_is_told(acp: AcpClient, heard: Listener) -> None:
    paid = consumed(acp, heard, 100)

    nothing = acp.ask("queryTrans", "00/00", "000000")
    no_original = acp.ask("backTransReq", "04/00", "000301", **money(heard, 1), origQryId="0" * 21)
    other_product = acp.ask("backTransReq", "04/00", "000201", **money(heard, 1), origQryId=paid["queryId"])

    assert [one["respCode"] for one in (nothing, no_original, other_product)] == ["34", "35", "36"]


def test_what_the_issuer_declines_is_told_and_over(acp: AcpClient, heard: Listener) -> None:
    order = acp.fields("01/01", "000301", **money(heard, 99_999_999_999), **acp.card(), customerInfo=acp.customer())

    answer = acp.exchange("backTransReq", order)

    assert answer["respCode"] in {"33", "64"}
    assert asked(acp, order)["origRespCode"] == answer["respCode"]
    assert acp.told(heard, order["orderId"])["respCode"] == answer["respCode"]


def test_no_file_before_the_day_is_closed(acp: AcpClient) -> None:
    port = urlsplit(acp.address).port or 0
    fields = acp.fields("76/01", "000000", settleDate="0101", fileType="00", orderId="")

    answer = acp.exchange(f"http://127.0.0.1:{port + 1}/", fields)

    assert answer["respCode"] == "98"
