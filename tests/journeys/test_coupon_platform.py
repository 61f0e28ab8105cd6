"""A client of UnionPay's coupon platform has vouchers given to its users: only its host and keys changed."""

import json
import time
from collections.abc import Iterator
from uuid import UUID, uuid4

import httpx
import pytest
from bank_app import BankApp, bank_app, command
from conftest import Town
from coupon_client import CouponClient, Receiver, receiving
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from test_bank_app import linked, seeded
from test_ways import beside
from way_rounds import WayRounds, open_way_rounds

from example_bank_app.platform import Refused
from yongquan.flows.give_vouchers import allow_gifts
from yongquan.institutions.coupon_apps import CouponApp
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.settings import read_settings
from yongquan.staff import Role, RoleGrant, Staff
from yongquan.vouchers.store import types_of

NOBODY = "00000000-0000-8000-8000-000000000000"


@pytest.fixture(scope="module")
def bank(town: Town, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BankApp]:
    folder = tmp_path_factory.mktemp("coupon-bank")
    with bank_app(folder, platform=town.address, data_dir=town.data_dir, key_id="yuehu-coupons") as running:
        yield running


@pytest.fixture(scope="module")
def receiver() -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture(scope="module")
def client(town: Town, bank: BankApp, receiver: Receiver, tmp_path_factory: pytest.TempPathFactory) -> CouponClient:
    key = generate_private_key(65537, 2048)
    pem = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    file = tmp_path_factory.mktemp("coupon-keys") / "pub.pem"
    file.write_bytes(pem)
    who = ("--app-id", "UP001", "--institution", "yuehu", "--public-key", str(file), "--notify-url", receiver.url)
    made = json.loads(command(town.data_dir, "gateway", "coupon", "add", *who))
    app = CouponApp("UP001", "yuehu", pem.decode(), made["secret"], made["symmetric_key"])
    return CouponClient(town.address, app, key)


def coupon_of(town: Town, bank: BankApp, *, citizens: int, stock: int) -> tuple[str, list[str], list[dict[str, str]]]:
    """A fresh round's coupon, and the open ids of fresh citizens."""
    people, round_id = seeded(town, citizens=citizens, stock=stock)
    (round_,) = [r for r in bank.client.rounds() if r["round_id"] == round_id]
    open_ids = linked(town.data_dir, [row["citizen_id"] for row in people])
    return round_["types"][0]["type_id"].replace("-", ""), open_ids, people


def test_a_download_is_given_once_told_and_found_again(
    town: Town, bank: BankApp, client: CouponClient, receiver: Receiver
) -> None:
    coupon, (mine, other), _ = coupon_of(town, bank, citizens=2, stock=1)
    receiver.refuses = 1

    first = client.download(coupon, "d-1", acctEntityTp="03", openId=mine)
    again = client.download(coupon, "d-1", acctEntityTp="03", openId=mine)
    differs = client.download(coupon, "d-1", acctEntityTp="03", openId=other)
    gone = client.download(coupon, "d-2", acctEntityTp="03", openId=other)
    token = client.token()
    asked = {"appId": "UP001", "origTransSeqId": "d-1", "origTransTs": "20220215"}
    found = client.post("coupon.query", asked | {"backendToken": token["params"]["backendToken"]})
    stranger = client.post("coupon.query", asked | {"backendToken": "no"})

    assert first["resp"] == "00", first
    (voucher,) = first["params"]["couponCds"]
    assert again == first
    assert (differs["resp"], gone["resp"]) == ("GPUP07001", "GCUP06045")
    assert token["params"]["expiresIn"] == 7200
    assert (found["resp"], found["params"]["couponCds"]) == ("00", [voucher])
    assert stranger["resp"] == "a10"
    (notice,) = receiver.notices(voucher=voucher, atleast=1)
    assert (notice["operaTp"], notice["couponId"], notice["openId"]) == ("01", coupon, mine)
    assert (notice["origTransSeqId"], notice["origTransTs"]) == ("d-1", "20220215")


def test_a_notice_that_is_not_acknowledged_comes_again(
    town: Town, bank: BankApp, client: CouponClient, receiver: Receiver
) -> None:
    coupon, (mine,), _ = coupon_of(town, bank, citizens=1, stock=1)
    receiver.refuses = 1

    (voucher,) = client.download(coupon, "r-1", acctEntityTp="03", openId=mine)["params"]["couponCds"]

    assert receiver.notices(voucher=voucher, atleast=1)
    for _ in range(200):
        tries = [n for n in receiver.got if n["couponCd"] == voucher]
        if len(tries) > 1:
            break
        time.sleep(0.1)
    assert len(tries) == 2
    assert tries[0] == tries[1]


def test_the_institutions_own_quota_is_taken_first_and_reported(
    town: Town, bank: BankApp, client: CouponClient
) -> None:
    people, round_id = seeded(town, citizens=2, stock=10)
    bank.command("institutions", "quota", round_id, "--institution", "yuehu", "--share", "20")
    (round_,) = [r for r in bank.client.rounds() if r["round_id"] == round_id]
    coupon = round_["types"][0]["type_id"].replace("-", "")
    (mine, _) = linked(town.data_dir, [row["citizen_id"] for row in people])
    token = client.token()["params"]["backendToken"]
    asked = {"appId": "UP001", "backendToken": token, "activityNo": coupon, "activityType": "6"}

    before = client.post("activity.quota", asked)["params"]
    client.download(coupon, "q-1", acctEntityTp="03", openId=mine)
    after = client.post("activity.quota", asked)["params"]
    (round_,) = [r for r in bank.client.rounds() if r["round_id"] == round_id]
    wrong = client.post("activity.quota", asked | {"activityType": "14"})

    assert (before["allCount"], before["allRemainCount"], before["activityStatus"]) == ("10", "10", "1")
    assert (after["allCount"], after["allRemainCount"]) == ("10", "9")
    assert int(after["dayCount"]) - int(after["dayRemainCount"]) == 1
    assert int(after["allRemainAmount"]) == 9 * round_["types"][0]["amount_fen"]
    assert after["limitType"] == "03"
    assert (round_["types"][0]["own_remaining"], round_["types"][0]["remaining"]) == (1, 8)
    assert wrong["resp"] == "GPUP07001"


def test_what_is_unsigned_unknown_or_not_agreed_is_refused(town: Town, bank: BankApp, client: CouponClient) -> None:
    coupon, (mine,), _ = coupon_of(town, bank, citizens=1, stock=5)
    stranger = CouponClient(client.address, client.app, generate_private_key(65537, 2048))
    late = client.stamped() | {"timestamp": "1600000000"}

    codes = {
        "forged": stranger.download(coupon, "x-1", acctEntityTp="03", openId=mine)["resp"],
        "late": client.post("backendToken", late | {"signature": "0"})["resp"],
        "nobody": client.download(coupon, "x-2", acctEntityTp="03", openId=NOBODY)["resp"],
        "phone": client.download(coupon, "x-3", acctEntityTp="01", mobile="13900000009")["resp"],
        "card": client.download(coupon, "x-4", acctEntityTp="02", cardNo="6299020000000000")["resp"],
        "entity": client.download(coupon, "x-5", acctEntityTp="02", openId=mine)["resp"],
        "coupon": client.download("no", "x-6", acctEntityTp="03", openId=mine)["resp"],
        "twice": client.download(coupon, "x-7", acctEntityTp="03", openId=mine, couponNum="2")["resp"],
        "draw": client.signed(
            "maktg.draw", activityNo=coupon, transSeqId="x-8", transTs="20220215", acctEntityTp="03", openId=mine
        )["resp"],
    }
    again = client.download(coupon, "x-7", acctEntityTp="03", openId=mine, couponNum="2")
    strange = client.download(coupon, "x-9", acctEntityTp="03", openId=mine, couponAmt="100")
    one = client.download(coupon, "x-10", acctEntityTp="03", openId=mine)["params"]

    assert codes == {
        "forged": "BC0025",
        "late": "BC0025",
        "nobody": "3023",
        "phone": "3023",
        "card": "3023",
        "entity": "SG0001",
        "coupon": "GCUP00030",
        "twice": "GCUP06038",
        "draw": "GCUP00030",
    }
    assert (again["resp"], again["params"]["couponNum"]) == ("GCUP06038", "0")
    assert (strange["resp"], strange["msg"].partition(":")[0]) == ("GPUP07001", "couponAmt")
    assert one["couponNum"] == "1"


def test_a_bank_gives_what_its_gift_quota_allows(town: Town, bank: BankApp) -> None:
    ways: WayRounds = beside(open_way_rounds(town.data_dir))
    settings = read_settings({"YONGQUAN_DATA_DIR": town.data_dir})
    number = f"138{time.time_ns() % 10**8:08d}"
    nothing = bank.client.get("/v1/institutions/gift-quotas").json()

    async def allow() -> UUID:
        with database_of(settings) as conninfo:
            async with opened(conninfo, pool_size=1) as database:
                async with database.transaction() as connection:
                    row = await (await connection.execute("select plumbing.now()")).fetchone()
                    (type_,) = await types_of(connection, [UUID(ways.gift)])
                assert row is not None
                return await allow_gifts(
                    database,
                    type_id=type_.type_id,
                    giver="institution:yuehu",
                    quota=1,
                    waits_days=14,
                    staff=Staff(uuid4(), "o", "员", frozenset({RoleGrant(Role.BUREAU_OFFICER)})),
                    now=row[0],
                )

    quota_id = beside(allow())
    body = {"quota_id": str(quota_id), "phone": number}
    given = bank.client._call("POST", "/v1/institutions/gifts", body=body, key="g-1")
    again = bank.client._call("POST", "/v1/institutions/gifts", body=body, key="g-1")
    (left,) = bank.client.get("/v1/institutions/gift-quotas").json()["quotas"]
    unsigned = httpx.post(f"{town.address}/v1/institutions/gifts", json=body, trust_env=False)

    assert nothing == {"quotas": []}
    assert given == again
    assert (given["state"], given["phone_tail"], left["left"]) == ("waiting", number[-4:], 0)
    with pytest.raises(Refused) as more:
        bank.client._call("POST", "/v1/institutions/gifts", body=body, key="g-2")
    assert more.value.code == "gift_exhausted"
    assert unsigned.status_code in {400, 401}
