"""Codes that merchants and consumers show: the published samples, and whatever is made can be read again."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from yongquan.kernel.errors import Refusal
from yongquan.payments.codes import make_pay_code
from yongquan.payments.emvco import (
    CodeMalformed,
    MerchantCode,
    crc16,
    make_merchant_code,
    read_code,
    read_merchant_code,
    read_tlv,
    sign_tlv,
    write_tlv,
)
from yongquan.payments.emvco_consumer import make_consumer_code, pay_code_in, read_ber, read_consumer_code, write_ber

MERCHANT_SAMPLE = (
    "00020101021229300012D156000000000510A93FO3230Q31280012D15600000001030812345678520441115802CN5914BEST TRANSPORT"
    "6007BEIJING64200002ZH0104最佳运输0202北京540523.7253031565502016233030412340603***0708A60086670902ME9132001"
    "6A0112233449988770708123456786304A13A"
)
CONSUMER_SAMPLE = (
    "hQVDUFYwMWETTwegAAAAVVVVUAhQcm9kdWN0MWETTwegAAAAZmZmUAhQcm9kdWN0MmJJWggSNFZ4kBI0WF8gDkNBUkRIT0xERVIvRU1WXy0I"
    "cnVlc2RlZW5kIZ8QBwYBCgMAAACfJghYT9OF+iNLzJ82AgABnzcEbVjvEw=="
)
names = st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FFF), min_size=1, max_size=25)
latin = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ ", min_size=1, max_size=25)
codes = st.builds(
    MerchantCode,
    store_id=st.uuids(),
    name=names,
    name_en=latin,
    mcc=st.from_regex(r"\A[0-9]{4}\Z"),
    amount_fen=st.none() | st.integers(1, 10**10),
    order_no=st.text("ABC123-", max_size=25),
    order_id=st.none(),
)


def test_published_merchant_sample_is_read_with_its_check_sum() -> None:
    tags = dict(read_code(MERCHANT_SAMPLE))

    assert (tags["54"], tags["59"], tags["63"]) == ("23.72", "BEST TRANSPORT", "A13A")
    assert dict(read_tlv(tags["64"]))["01"] == "最佳运输"
    assert sign_tlv(read_code(MERCHANT_SAMPLE)[:-1]) == MERCHANT_SAMPLE


def test_check_sum_is_ccitt_false() -> None:
    assert crc16("123456789") == "29B1"


def test_published_consumer_sample_is_read_and_written_again() -> None:
    objects = read_consumer_code(CONSUMER_SAMPLE)

    assert [tag for tag, _ in objects] == ["85", "61", "61", "62"]
    common = dict(read_ber(objects[3][1]))
    assert common["5A"].hex() == "1234567890123458"
    assert common["5F20"] == b"CARDHOLDER/EMV"
    assert dict(read_ber(objects[1][1]))["50"] == b"Product1"


@given(codes)
def test_a_store_code_reads_as_it_was_made(shown: MerchantCode) -> None:
    assert read_merchant_code(make_merchant_code(shown)) == shown


@given(codes, st.uuids(), st.text("abcXYZ019_-", min_size=22, max_size=22))
def test_an_order_code_reads_as_it_was_made(shown: MerchantCode, order_id: UUID, token: str) -> None:
    text = make_merchant_code(MerchantCode(None, shown.name, shown.name_en, "5411", 8800, "A-1", order_id, token))

    read = read_merchant_code(text)

    assert (read.order_id, read.token, read.order_no, read.amount_fen) == (order_id, token, "A-1", 8800)
    assert text[6:12] == "010212"


@given(codes, st.data())
def test_one_wrong_character_is_noticed(shown: MerchantCode, data: st.DataObject) -> None:
    text = make_merchant_code(shown)
    at = data.draw(st.integers(0, len(text) - 1))
    other = "1" if text[at] != "1" else "2"

    with pytest.raises(CodeMalformed):
        read_merchant_code(text[:at] + other + text[at + 1 :])


@given(st.text(max_size=80))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (read_merchant_code, read_consumer_code, read_tlv):
        try:
            read(text)
        except CodeMalformed:
            continue


@given(st.lists(st.tuples(st.sampled_from(["85", "4F", "5F20", "9F36"]), st.binary(max_size=300)), max_size=5))
def test_ber_objects_read_as_they_were_written(objects: list[tuple[str, bytes]]) -> None:
    assert list(read_ber(write_ber(objects))) == objects


@given(st.integers(0, 1023), st.integers(0, 2**64 - 1))
def test_a_pay_code_comes_out_of_its_consumer_code(bucket: int, entropy: int) -> None:
    pay_code = make_pay_code(bucket=bucket, entropy=entropy)

    shown = make_consumer_code(pay_code)

    assert pay_code_in(shown) == pay_code
    assert pay_code_in(pay_code) == pay_code


@pytest.mark.parametrize("text", [CONSUMER_SAMPLE, "hQVDUFYwM", "hQVDUFYwMWE=", "hQVDUFYwM*"])
def test_another_networks_code_is_no_pay_code(text: str) -> None:
    with pytest.raises(Refusal):
        pay_code_in(text)


def test_an_empty_value_cannot_be_written() -> None:
    with pytest.raises(CodeMalformed):
        write_tlv([("59", "")])
