"""An institution's app acts for a citizen who agreed: link, claim, cards, pay code, payment."""

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

import msgspec

from yongquan.citizens import store as citizens
from yongquan.citizens.sign_in import SignInDesk
from yongquan.flows.bind_instrument import kind_of
from yongquan.flows.claim_pack import PackClaim, PackDesk, PackOutcome
from yongquan.flows.claim_several import claim_several
from yongquan.flows.claim_voucher import SOLD_OUT, Claim, ClaimDesk, ClaimOutcome
from yongquan.institutions import apps_store
from yongquan.institutions.apps import (
    App,
    QuotaExceeded,
    SignatureRefused,
    SignedRequest,
    checked_nonce,
    key_id_of,
    nonce_cut,
)
from yongquan.institutions.registry import Registry
from yongquan.institutions.risk_terms import SANDBOX, Quota, RiskCaller, Scope, ScopeMissing
from yongquan.institutions.risk_terms_store import terms_of
from yongquan.kernel.errors import Refusal
from yongquan.kernel.ids import bucket_of, cell_of, make_id
from yongquan.payments.instruments_store import lock_wallet, own_instrument
from yongquan.payments.store import NewInstrument, bind_many
from yongquan.payments.vault import Vault
from yongquan.plumbing.clock import business_day, seconds_left
from yongquan.plumbing.db import Connection, Database
from yongquan.plumbing.fresh import fresh_id
from yongquan.plumbing.limits import RateLimit
from yongquan.plumbing.sealing import Sealing
from yongquan.vouchers.catalogue import RoundOffer, TypeOffer
from yongquan.vouchers.ways.packs import Pack, PackItem

UNNAMED = "市民"


class NotLinked(Refusal):
    """No citizen has agreed to be known to this institution by this open id."""

    code = "not_linked"


class NameDiffers(Refusal):
    """The name is not the one this phone's citizen is registered under."""

    code = "name_differs"


class NotYourCard(Refusal):
    """The card was not issued by the institution that asks to bind it."""

    code = "not_your_card"


@dataclass(frozen=True, slots=True)
class Callers:
    """Knows who signed a request, and how often each may call: per second in this process, per day in all."""

    database: Database
    limits: dict[str, RateLimit]

    async def identify(self, request: SignedRequest, *, now: datetime, monotonic_s: float) -> App:
        """The app that signed. `now` is real time in UTC. Raises `SignatureRefused`, `QuotaExceeded`."""
        async with self.database.transaction() as connection:
            app, is_test, nonce = await self._proven(connection, request)
        if is_test:
            raise SignatureRefused("this is a sandbox key: it opens the sandbox of /v1/risk alone")
        quota = Quota("app", app.per_second, app.per_day)
        await self._count(app.institution, nonce, quota, now=now, monotonic_s=monotonic_s)
        return app

    async def identify_for_risk(
        self, request: SignedRequest, scope: Scope, *, now: datetime, monotonic_s: float
    ) -> RiskCaller:
        """Who signed a call of the risk API; a sandbox key has every scope and a quota of its own.

        `now` is real time in UTC. Raises `SignatureRefused`, `ScopeMissing`, `QuotaExceeded`.
        """
        async with self.database.transaction() as connection:
            app, is_test, nonce = await self._proven(connection, request)
            terms = None if is_test else await terms_of(connection, app.institution)
        if not is_test and (terms is None or terms.state != "active" or scope not in terms.scopes):
            raise ScopeMissing(f"the operator has not opened {scope.value} of the risk API to {app.institution}")
        quota = terms.quota if terms is not None else SANDBOX
        used = await self._count(app.institution, nonce, quota, now=now, monotonic_s=monotonic_s)
        return RiskCaller(app.institution, is_test, quota, used)

    async def _proven(self, connection: Connection, request: SignedRequest) -> tuple[App, bool, str]:
        """Whose key signed, whether it is a sandbox key, and the nonce, which is not spent yet."""
        key_id = key_id_of(request)
        known = await apps_store.holder_of_key(connection, key_id)
        if known is None:
            raise SignatureRefused(f"the key {key_id!r} is not registered or was revoked: register it first")
        nonce = checked_nonce(request, key_id=key_id, public_key_pem=known.public_key_pem)
        if known.app.state != "active":
            raise SignatureRefused("this app is paused: ask the operator")
        return known.app, known.is_test, nonce

    async def _count(self, institution: str, nonce: str, quota: Quota, *, now: datetime, monotonic_s: float) -> int:
        """Spend the nonce and one call of a quota; how many of the day's are used."""
        limit = self.limits.setdefault(
            f"{institution}:{quota.product}:{quota.per_second}",
            RateLimit(per_second=quota.per_second, burst=2 * quota.per_second),
        )
        if not limit.allows(institution, monotonic_s):
            raise QuotaExceeded(
                f"more than {quota.per_second} calls a second: wait a second", quota=quota, window="second", wait_s=1
            )
        day = business_day(now)
        async with self.database.transaction() as connection:
            calls = await apps_store.count_call(connection, institution, nonce, day=day, product=quota.product)
        if calls is None:
            raise SignatureRefused("this nonce was used before: sign each request with a fresh one")
        if calls > quota.per_day:
            raise QuotaExceeded(
                f"more than {quota.per_day} calls today: ask the operator for more",
                quota=quota,
                window="day",
                wait_s=seconds_left(now),
            )
        return calls

    async def forget_nonces(self, *, now: datetime) -> None:
        """Forget the nonces of requests that are too old to be heard again."""
        async with self.database.transaction() as connection:
            await apps_store.forget_nonces(connection, before=nonce_cut(now))


@dataclass(frozen=True, slots=True)
class AppDesk:
    """What an app may do for citizens who agreed."""

    database: Database
    sealing: Sealing
    claims: ClaimDesk
    packs: PackDesk
    cells: int

    async def link(
        self, app: App, desk: SignInDesk, *, phone: str, name: str, code: str, now: datetime, real_now: datetime
    ) -> UUID:
        """The open id of the citizen who agreed by the code sent to the phone.

        A citizen registered without a real name gets the one the institution vouches for. Raises `NotAPhone`,
        `WrongCode`, `NameDiffers`.
        """
        citizen_id, is_new = await desk.agree(phone, code, now=real_now, purpose=purpose_of(app), name=name)
        cell, open_id = cell_of(citizen_id, self.cells), open_id_of(self.sealing, app.institution, citizen_id)
        async with self.database.transaction() as connection:
            known = await citizens.name_of(connection, cell, citizen_id, self.sealing)
            if known == f"{UNNAMED}{phone[-4:]}":
                await citizens.rename(connection, cell, citizen_id, name, self.sealing)
            elif known is None or not hmac.compare_digest(known.encode(), name.encode()):
                raise NameDiffers("the phone belongs to somebody registered under another name")
            await apps_store.save_link(
                connection, cell, app.institution, open_id=open_id, citizen_id=citizen_id, is_new=is_new, now=now
            )
            await apps_store.note_active(connection, cell, app.institution, citizen_id, day=business_day(now))
        return open_id

    async def citizen(self, app: App, open_id: UUID, *, active_at: datetime | None = None) -> UUID:
        """Whom the open id stands for; with `active_at`, one who does something now. Raises `NotLinked`."""
        cell = cell_of(open_id, self.cells)
        async with self.database.transaction() as connection:
            found = await apps_store.linked_citizen(connection, cell, app.institution, open_id)
            if found is not None and active_at is not None:
                day = business_day(active_at)
                await apps_store.note_active(connection, cell, app.institution, found, day=day)
        if found is None:
            raise NotLinked("link the citizen first: POST /v1/institutions/links")
        return found

    async def claim(
        self,
        app: App,
        citizen_id: UUID,
        offer: RoundOffer,
        type_: TypeOffer,
        *,
        key: str,
        body_hash: str,
        place: tuple[float, float] | None,
    ) -> ClaimOutcome:
        """Claim for a citizen: from the institution's own quota first, then from what is everybody's.

        The answer names the type that was asked for, whichever stock it came from. Same key: same voucher. A pack is
        claimed by `claim_pack`.
        """
        if offer.pack is not None:
            return ClaimOutcome("not_eligible", reason="other_platform")
        wanted = _claim(app, citizen_id, offer, type_, key=key, body_hash=body_hash, place=place)
        quota = offer.quotas.get((app.institution, type_.type_hex))
        outcome = SOLD_OUT if quota is None else await self.claims.claim(msgspec.structs.replace(wanted, type=quota))
        if outcome.code == "sold_out":
            outcome = await self.claims.claim(wanted)
        if quota is not None and outcome.type_id == quota.type_id:
            return msgspec.structs.replace(outcome, type_id=type_.type_id)
        return outcome

    async def claim_several(
        self, app: App, citizen_id: UUID, offer: RoundOffer, type_: TypeOffer, *, keys: Sequence[str], body_hash: str
    ) -> tuple[ClaimOutcome, tuple[UUID, ...]]:
        """As many of a type as there are keys, or none of them; each from the institution's own quota first."""
        if offer.pack is not None:
            return ClaimOutcome("not_eligible", reason="other_platform"), ()
        quota = offer.quotas.get((app.institution, type_.type_hex))
        wanted = []
        for key in keys:
            claim = _claim(app, citizen_id, offer, type_, key=key, body_hash=body_hash, place=None)
            wanted.append([claim] if quota is None else [msgspec.structs.replace(claim, type=quota), claim])
        return await claim_several(self.database, self.claims, cell_of(citizen_id, self.cells), wanted)

    async def claim_pack(
        self,
        app: App,
        citizen_id: UUID,
        offer: RoundOffer,
        pack: Pack,
        *,
        key: str,
        body_hash: str,
        place: tuple[float, float] | None,
    ) -> PackOutcome:
        """Claim a pack for a citizen, whole or not at all: all of it from the institution's own quota, else all of it
        from what is everybody's. The answer names the pack's own types. Same key: same pack.
        """
        first = offer.types[pack.items[0].type_id.hex]
        wanted = _claim(app, citizen_id, offer, first, key=key, body_hash=body_hash, place=place)
        own = [offer.quotas.get((app.institution, item.type_id.hex)) for item in pack.items]
        outcome = PackOutcome(SOLD_OUT)
        if own[0] is not None and all(own):
            items = [PackItem(UUID(q.type_id), i.copies) for q, i in zip(own, pack.items, strict=True) if q is not None]
            from_own = replace(pack, items=tuple(items))
            outcome = await self.packs.claim(PackClaim(msgspec.structs.replace(wanted, type=own[0]), from_own))
        if outcome.first.code == "sold_out":
            outcome = await self.packs.claim(PackClaim(wanted, pack))
        asked = {UUID(q.type_id): i.type_id for q, i in zip(own, pack.items, strict=True) if q is not None}
        vouchers = tuple(replace(v, type_id=asked.get(v.type_id, v.type_id)) for v in outcome.vouchers)
        if own[0] is not None and outcome.first.type_id == own[0].type_id:
            return PackOutcome(msgspec.structs.replace(outcome.first, type_id=first.type_id), vouchers)
        return PackOutcome(outcome.first, vouchers)

    async def bind_card(
        self, app: App, citizen_id: UUID, pan: str, registry: Registry | None, *, now: datetime
    ) -> UUID:
        """Bind a card or account of the institution itself; one that is bound already keeps its id.

        Raises `NotYourCard`, `UnknownIssuer`.
        """
        if registry is None or (issuer := registry.route(pan)).code != app.institution:
            raise NotYourCard("only cards this institution issued can be bound through its app")
        cell = cell_of(citizen_id, self.cells)
        async with self.database.transaction() as connection:
            await lock_wallet(connection, citizen_id)
            known = await own_instrument(connection, cell, citizen_id, Vault(self.sealing).index(pan))
            if known is not None:
                return known
            new_id = fresh_id(bucket_of(citizen_id))
            instrument = NewInstrument(new_id, citizen_id, issuer.code, kind_of(issuer, pan), pan)
            await bind_many(connection, [instrument], self.sealing, cells=self.cells, now=now)
            await citizens.note_card(connection, cell, citizen_id, issuer=issuer.code, pan=pan, now=now)
        return instrument.instrument_id


def _claim(
    app: App,
    citizen_id: UUID,
    offer: RoundOffer,
    type_: TypeOffer,
    *,
    key: str,
    body_hash: str,
    place: tuple[float, float] | None,
) -> Claim:
    return Claim(
        citizen=citizen_id.hex,
        offer=offer,
        type=type_,
        key=hashlib.blake2b(f"{app.institution}\n{key}".encode(), digest_size=16).hexdigest(),
        body_hash=body_hash,
        refused=offer.refusal_from(place, platform=app.institution),
        platform=app.institution,
    )


def purpose_of(app: App) -> str:
    """What a code of consent is good for: it signs nobody in, and serves no other institution."""
    return f"link:{app.institution}"


def open_id_of(sealing: Sealing, institution: str, citizen_id: UUID) -> UUID:
    """The citizen's id towards one institution: always the same, and no clue to another's."""
    index = sealing.index(f"{institution}:{citizen_id.hex}", what="open id")
    return make_id(
        at_ms=int.from_bytes(index[:6], "big"),
        bucket=bucket_of(citizen_id),
        entropy=int.from_bytes(index[6:14], "big"),
    )
