"""A card is opened for charges without a page: one-time code, opening, token; and found again when it is charged."""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from stdnum.cn import ric

from yongquan.flows.find_payer import Card
from yongquan.flows.trade_by_acp import AcpDesk, AcpRefused, Asked
from yongquan.institutions.acp import codes
from yongquan.institutions.acp.opened_cards import (
    LASTS,
    OpenedCard,
    SentCode,
    card_by_opening,
    card_by_token,
    card_of,
    close_token,
    open_card,
    renew_token,
    send_code,
    try_code,
)
from yongquan.institutions.acp.values import CustomerInfo, Opener, read_nested, say_nested
from yongquan.payments.vault import Vault
from yongquan.plumbing.clock import SHANGHAI
from yongquan.plumbing.sandbox_sms import SandboxPhones

TOKEN_BIZ: Final = "000902"  # noqa: S105 - a kind of business
SANDBOX_CODE: Final = "111111"
PHONE_DIGITS: Final = 11
ID_CARD: Final = "01"
PUBLISHED_ID: Final = "341126197709218366"  # of ACP's published test data: its check digit is wrong


@dataclass(frozen=True, slots=True)
class Named:
    """The card that a request names, and what it says of its holder."""

    card: Card
    pan_index: bytes
    pan_tail: str
    customer: CustomerInfo
    is_published: bool = False


@dataclass(frozen=True, slots=True)
class AcpCards:
    """Opens cards for merchants. `phones` None: there is no way to send a code."""

    desk: AcpDesk
    opener: Opener
    phones: SandboxPhones | None

    async def send_code(self, asked: Asked) -> None:
        """Send a one-time code for the order that comes under the same numbers. Raises `AcpRefused`."""
        phone, pan_index = await self._to_be_asked(asked)
        if self.phones is None:
            raise AcpRefused(codes.NO_SMS)
        code = SANDBOX_CODE if self.desk.is_sandboxed else f"{secrets.randbelow(10**6):06d}"
        index = self.desk.sealing.index(code, what="acp_sms")
        sent = SentCode(*asked.numbers, asked.fields["txnSubType"], index, pan_index, self.desk.now)
        async with self.desk.orders.database.transaction() as connection:
            await send_code(connection, sent)
        await self.phones.send(phone, f"验证码 {code}，10 分钟内有效。")

    async def named(self, asked: Asked) -> Named:
        """The card of `accNo`, its holder's facts checked. Raises `AcpRefused`."""
        customer = self.opener.customer(asked.fields)
        self.require_sound(customer)
        pan = self.opener.account(asked.fields)
        card = await self.desk.card(pan)
        index = Vault(self.desk.sealing).index(pan)
        return Named(card, index, pan[-4:], customer, self.desk.cards.is_published(pan))

    async def open(self, asked: Asked, named: Named, *, code_needed: bool = True) -> OpenedCard:
        """Open a card for the merchant; the token product gives it a token. Raises `AcpRefused` 71."""
        if code_needed:
            await self.require_code(asked, named.pan_index, named.customer.sms_code)
        biz_type, now = asked.fields["bizType"], self.desk.now
        token_data = _token_data(asked.fields)
        phone = named.customer.phone
        opened = OpenedCard(
            mer_id=asked.merchant.number,
            biz_type=biz_type,
            pan_index=named.pan_index,
            citizen_id=named.card.citizen_id,
            instrument_id=named.card.instrument_id,
            issuer=named.card.issuer,
            pan_tail=named.pan_tail,
            phone_sealed=self.desk.sealing.seal(phone, what="phone") if phone else None,
            token=_fresh_token() if biz_type == TOKEN_BIZ else None,
            tr_id=token_data.get("trId"),
            order_id=asked.numbers[1],
            txn_time=asked.numbers[2],
            opened_at=now,
            ends_at=now + LASTS,
        )
        async with self.desk.orders.database.transaction() as connection:
            await open_card(connection, opened)
        return opened

    async def opened(self, asked: Asked) -> OpenedCard | None:
        """The opened card that a request asks about: by token, by card, or by the opening's own order number."""
        fields, token = asked.fields, _token_data(asked.fields).get("token", "")
        mer_id, order_id, _ = asked.numbers
        named = await self.named(asked) if fields.get("accNo") else None
        async with self.desk.orders.database.transaction() as connection:
            if token:
                found = await card_by_token(connection, mer_id, token)
            elif named is not None:
                found = await card_of(connection, mer_id, fields["bizType"], named.pan_index)
            else:
                found = await card_by_opening(connection, mer_id, order_id)
        return found if found is not None and found.ends_at > self.desk.now else None

    async def renew(self, asked: Asked) -> OpenedCard:
        """Put a fresh token in an old one's place. Raises `AcpRefused` 40."""
        old = await self._by_token(asked)
        fresh = _fresh_token()
        async with self.desk.orders.database.transaction() as connection:
            await renew_token(connection, old.mer_id, old.token or "", fresh=fresh, ends_at=self.desk.now + LASTS)
            renewed = await card_by_token(connection, old.mer_id, fresh)
        if renewed is None:
            raise AcpRefused(codes.BINDING)
        return renewed

    async def forget(self, asked: Asked) -> None:
        """Forget a token. Raises `AcpRefused` 40."""
        old = await self._by_token(asked)
        async with self.desk.orders.database.transaction() as connection:
            await close_token(connection, old.mer_id, old.token or "")

    async def to_charge(self, asked: Asked) -> Card:
        """The card of a charge without a page: a token, or a number that is opened or proved by a code.

        Raises `AcpRefused`: 40 unknown token, 71 wrong code, 77 neither opened nor proved.
        """
        if asked.fields["bizType"] == TOKEN_BIZ:
            opened = await self._by_token(asked)
            code = self.opener.customer(asked.fields).sms_code
            if code:
                await self.require_code(asked, opened.pan_index, code)
            return Card(opened.citizen_id, opened.instrument_id, opened.issuer, is_proven=bool(code))
        named = await self.named(asked)
        if named.customer.sms_code:
            await self.require_code(asked, named.pan_index, named.customer.sms_code)
        elif await self.opened(asked) is None:
            raise AcpRefused(codes.NOT_OPENED)
        return replace(named.card, is_proven=bool(named.customer.sms_code))

    async def _to_be_asked(self, asked: Asked) -> tuple[str, bytes]:
        if asked.fields["bizType"] == TOKEN_BIZ and not asked.fields.get("accNo"):
            opened = await self._by_token(asked)
            phone = self.desk.sealing.open(opened.phone_sealed, what="phone") if opened.phone_sealed else ""
            return self.opener.customer(asked.fields).phone or phone or _no_phone(), opened.pan_index
        named = await self.named(asked)
        return named.customer.phone or _no_phone(), named.pan_index

    async def _by_token(self, asked: Asked) -> OpenedCard:
        token = _token_data(asked.fields).get("token", "")
        if not token:
            raise AcpRefused(codes.MISSING, "tokenPayData")
        async with self.desk.orders.database.transaction() as connection:
            found = await card_by_token(connection, asked.merchant.number, token)
        if found is None or found.ends_at <= self.desk.now:
            raise AcpRefused(codes.BINDING)
        return found

    async def require_code(self, asked: Asked, pan_index: bytes, code: str) -> None:
        """Raises `AcpRefused` 71 unless this is the code that was sent for the card under these numbers."""
        if self.desk.is_sandboxed and code == SANDBOX_CODE:
            return
        index = self.desk.sealing.index(code, what="acp_sms")
        async with self.desk.orders.database.transaction() as connection:
            right = await try_code(connection, asked.numbers, pan_index=pan_index, code_index=index, now=self.desk.now)
        if not right:
            raise AcpRefused(codes.ONE_TIME_CODE)

    def require_sound(self, customer: CustomerInfo) -> None:
        """Raises `AcpRefused` 66 for a phone or an identity number that nobody can have."""
        if customer.phone and not (customer.phone.isdecimal() and len(customer.phone) == PHONE_DIGITS):
            raise AcpRefused(codes.IDENTITY, "phoneNo")
        if customer.certif_type != ID_CARD or not customer.certif_id:
            return
        if self.desk.is_sandboxed and customer.certif_id == PUBLISHED_ID:
            return
        if not ric.is_valid(customer.certif_id):
            raise AcpRefused(codes.IDENTITY, "certifId")


def say_token(card: OpenedCard) -> str:
    """`tokenPayData` of an opened card."""
    if card.token is None:
        return ""
    return say_nested(
        {
            "token": card.token,
            "trId": card.tr_id or "",
            "tokenLevel": "90",
            "tokenBegin": _stamp(card.opened_at),
            "tokenEnd": _stamp(card.ends_at),
            "tokenType": "01",
        }
    )


def _token_data(fields: Mapping[str, str]) -> dict[str, str]:
    text = fields.get("tokenPayData", "")
    return read_nested(text, name="tokenPayData") if text else {}


def _fresh_token() -> str:
    return f"62{secrets.randbelow(10**17):017d}"


def _no_phone() -> str:
    raise AcpRefused(codes.MISSING, "customerInfo.phoneNo")


def _stamp(at: datetime) -> str:
    return f"{at.astimezone(SHANGHAI):%Y%m%d%H%M%S}"
