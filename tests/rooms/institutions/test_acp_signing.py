"""ACP's signatures against the published vectors, and what a changed message does."""

import pytest
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yongquan.institutions.acp.signing import digest, holds, keyed_signature, rsa_signature, signed_text
from yongquan.institutions.acp.values import (
    BadValue,
    is_balanced,
    may_be_echoed,
    pack_file,
    read_nested,
    say_nested,
    unpack_file,
)

BASE = {
    "merId": "888888888888888",
    "sysReserved": "{aaa=a&bbb=b}",
    "transType": "01",
    "version": "5.1.0",
}
PLAIN = (
    "accessType=0&backUrl=https://yansongda.cn/unipay/notify&bizType=000201&certId=69903319369&channelType=07"
    "&currencyCode=156&encoding=utf-8&frontUrl=https://yansongda.cn/unipay/return&merId=777290058167151"
    "&orderId=yansongda20220903065448&signMethod=01&txnAmt=1&txnSubType=01&txnTime=20220903065448&txnType=01"
    "&version=5.1.0"
)


@pytest.fixture(scope="module")
def key() -> RSAPrivateKey:
    return generate_private_key(65537, 2048)


def pem(key: RSAPrivateKey) -> str:
    return key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


@pytest.mark.parametrize(
    ("method", "signature"),
    [
        ("11", "bda8e705fe9d67022f71e8ca14752abc402368ed142b3bc71837ac9dec99c18e"),
        ("12", "e3d147d4d1b835a3453c7f900acf8ad4370ebea0e750452a4a02db43c398af81"),
    ],
)
def test_keyed_methods_give_the_published_vectors(method: str, signature: str, key: RSAPrivateKey) -> None:
    fields = {**BASE, "signMethod": method}

    assert keyed_signature(fields, "") == signature
    assert holds({**fields, "signature": signature}, public_key_pem=pem(key), secret="")
    assert not holds({**fields, "signature": signature}, public_key_pem=pem(key), secret="another")
    assert not holds({**fields, "signature": signature}, public_key_pem=pem(key), secret=None)


def test_the_hash_that_rsa_signs_is_the_published_one() -> None:
    fields = dict(piece.split("=", 1) for piece in PLAIN.split("&"))

    assert signed_text(fields) == PLAIN
    assert digest(PLAIN, version="5.1.0") == "ed98378474101f21eae704450b15b9495ba5ed4b23afd59e6c9ce2ca9ce9419d"


@pytest.mark.parametrize("version", ["5.0.0", "5.1.0"])
def test_rsa_holds_until_a_field_changes(version: str, key: RSAPrivateKey) -> None:
    fields = {**BASE, "version": version, "signMethod": "01"}
    signed = {**fields, "signature": rsa_signature(fields, key)}

    assert holds(signed, public_key_pem=pem(key), secret=None)
    assert holds({**signed, "signature": signed["signature"].replace("+", " ")}, public_key_pem=pem(key), secret=None)
    assert not holds({**signed, "merId": "1"}, public_key_pem=pem(key), secret=None)
    assert not holds({**signed, "signature": "!"}, public_key_pem=pem(key), secret=None)
    assert not holds(fields, public_key_pem=pem(key), secret=None)


def test_empty_values_may_be_part_of_the_text_or_not(key: RSAPrivateKey) -> None:
    bare = {**BASE, "signMethod": "01"}
    full = {**bare, "accNo": ""}

    assert holds({**full, "signature": rsa_signature(full, key)}, public_key_pem=pem(key), secret=None)
    assert holds({**full, "signature": rsa_signature(bare, key)}, public_key_pem=pem(key), secret=None)


def test_nested_values_are_read_at_their_own_depth() -> None:
    assert read_nested("{a=1&b={c=2&d=3}&e=x=}", name="r") == {"a": "1", "b": "{c=2&d=3}", "e": "x="}
    assert say_nested({"token": "6", "trId": "", "tokenType": "01"}) == "{token=6&tokenType=01}"
    for wrong in ("a=1", "{a}", "{a=1", "{=1}", "{a=1&}"):
        with pytest.raises(BadValue):
            read_nested(wrong, name="r")


def test_what_could_not_be_read_back_is_known() -> None:
    assert is_balanced("{[a]}")
    assert not is_balanced("{[a}]")
    assert may_be_echoed("{a=1&b=2}")
    assert not may_be_echoed("a&b")


def test_files_travel_packed() -> None:
    content = "商户".encode("gbk") * 100

    assert unpack_file(pack_file(content)) == content
    for wrong in ("!", "aGVsbG8="):
        with pytest.raises(BadValue):
            unpack_file(wrong)
    with pytest.raises(BadValue):
        unpack_file(pack_file(content), size_max=10)
