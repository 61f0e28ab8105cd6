"""`/v1/institutions`: what an institution's own app does for its citizens, each call signed (docs/institutions.md)."""

import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from datetime import date
from typing import Annotated, Self
from uuid import UUID

import msgspec
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic.config import JsonDict

from yongquan.citizens.sign_in import SignInDesk
from yongquan.flows.claim_pack import WON
from yongquan.flows.name_parties import device_token
from yongquan.flows.report_app import report_app, report_csv
from yongquan.flows.serve_app import purpose_of
from yongquan.flows.show_pay_code import show_pay_code
from yongquan.flows.write_daily_file import daily_file
from yongquan.institutions.account_names import account_name
from yongquan.institutions.apps import App, SignedRequest
from yongquan.institutions.apps_store import end_link
from yongquan.kernel.errors import Outage
from yongquan.kernel.ids import cell_of
from yongquan.payments.emvco_consumer import make_consumer_code
from yongquan.payments.model import OUTCOME_OPEN
from yongquan.payments.views import cards_of
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.outbox import events_for
from yongquan.plumbing.tokens import Bearer, Holder
from yongquan.vouchers.model import Conditions
from yongquan.vouchers.quotas import Quota, quotas_of
from yongquan.vouchers.views import PAGE, RoundRow, rounds_for_screen, wallet_of
from yongquan.vouchers.ways.packs import Pack, packs_of
from yongquan.web.api.app_draws import make_app_draws
from yongquan.web.api.app_payments import make_app_payments
from yongquan.web.api.hot import answer_of, pack_answer_of, read_claim, type_of
from yongquan.web.api.payments import PaymentOut, payment_out, take_payment
from yongquan.web.api.verdicts import make_verdicts
from yongquan.web.api.wire import CODE_MAX, Refused
from yongquan.web.door import Door

PHONE = r"^1[3-9][0-9]{9}$"  # a mobile number of the mainland
CURSOR = r"^([0-9]{1,19}\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})?$"
_encode = msgspec.json.Encoder().encode
Caller = Callable[[Request], Awaitable[App]]
Key = Annotated[str, Header(alias="Idempotency-Key", min_length=1, max_length=200)]


class LinkRequest(BaseModel):
    """A citizen to link. Without `code` a code of consent is sent to the phone; with it the link is made."""

    phone: str = Field(json_schema_extra={"pattern": PHONE})
    name: str = Field(min_length=1, max_length=64)
    code: str | None = None


def _names(field: str) -> JsonDict:
    """Of a card and an account, this one is given."""
    other = "account_no" if field == "card_no" else "card_no"
    return {"required": [field], "properties": {field: {"type": "string"}, other: {"type": "null"}}}


class CardRequest(BaseModel):
    """A card this institution issued to the citizen, or the citizen's account at this bank: one of the two."""

    model_config = ConfigDict(json_schema_extra={"oneOf": [_names("card_no"), _names("account_no")]})

    open_id: UUID
    card_no: str | None = Field(default=None, pattern=r"^\d{12,19}$")
    account_no: str | None = Field(default=None, pattern=r"^\d{10,28}$")

    @model_validator(mode="after")
    def _names_one(self) -> Self:
        if (self.card_no is None) is (self.account_no is None):
            raise ValueError("give card_no or account_no")
        return self


class AppPayCode(BaseModel):
    """What the citizen wants to show; `vouchers` None means the best ones at the till."""

    open_id: UUID
    instrument_id: UUID
    vouchers: list[UUID] | None = None


class OpenId(BaseModel):
    """Whom a body is about; the rest of the body is read by its endpoint."""

    open_id: UUID


def make_institutions(door: Door) -> APIRouter:
    """The routes of institutions' apps."""
    routes = APIRouter(prefix="/v1")

    async def caller(request: Request) -> App:
        return await caller_of(door, request)

    routes.include_router(_people(door, caller), prefix="/institutions", tags=["institutions"])
    routes.include_router(_vouchers(door, caller), prefix="/institutions", tags=["institutions"])
    routes.include_router(make_app_draws(door, caller), prefix="/institutions", tags=["institutions"])
    routes.include_router(_payments(door, caller), tags=["institutions"])
    routes.include_router(make_app_payments(door, caller), prefix="/institutions", tags=["institutions"])
    routes.include_router(make_verdicts(door, caller), prefix="/risk", tags=["institutions"])
    routes.include_router(_records(door, caller), prefix="/institutions", tags=["institutions"])
    return routes


async def caller_of(door: Door, request: Request) -> App:
    """Whose app signed a request. Raises `SignatureRefused`, `QuotaExceeded`."""
    signed = SignedRequest(request.method, str(request.url), dict(request.headers), await request.body())
    return await door.callers.identify(signed, now=wall_now(), monotonic_s=time.monotonic())


def _people(door: Door, caller: Caller) -> APIRouter:
    routes = APIRouter()
    desk = SignInDesk(door.database, door.sealing, door.phones, door.cells) if door.phones else None

    @routes.post("/links", response_model=None)
    async def link(app: Annotated[App, Depends(caller)], wanted: LinkRequest) -> Response:
        """202 and a text message to the citizen; again with the code: 201 and the open id."""
        if desk is None:
            raise Outage("no SMS gateway is connected")
        if wanted.code is None:
            asks = f"您正在授权{app.name}代领、代用消费券。"
            await desk.send_code(wanted.phone, now=wall_now(), purpose=purpose_of(app), asks=asks)
            return _json({"state": "consent_asked"}, 202)
        open_id = await door.apps.link(
            app,
            desk,
            phone=wanted.phone,
            name=wanted.name.strip(),
            code=wanted.code,
            now=door.clock.now(),
            real_now=wall_now(),
        )
        return _json({"open_id": str(open_id)}, 201)

    @routes.delete("/links/{open_id}", status_code=204)
    async def unlink(app: Annotated[App, Depends(caller)], open_id: UUID) -> Response:
        async with door.database.transaction() as connection:
            cell = cell_of(open_id, door.cells)
            if not await end_link(connection, cell, app.institution, open_id, now=door.clock.now()):
                raise Refused("not_linked")
        return Response(status_code=204)

    @routes.get("/cards", response_model=None)
    async def cards(app: Annotated[App, Depends(caller)], open_id: UUID) -> Response:
        """The citizen's cards that this institution issued."""
        who = await door.apps.citizen(app, open_id)
        async with door.database.transaction() as connection:
            rows = await cards_of(connection, cell_of(who, door.cells), who)
        own = [
            {"instrument_id": str(c.instrument_id), "tail": c.pan_tail, "kind": c.kind}
            for c in rows
            if c.issuer == app.institution
        ]
        return _json({"cards": own})

    @routes.post("/cards", response_model=None)
    async def bind(app: Annotated[App, Depends(caller)], wanted: CardRequest) -> Response:
        now = door.clock.now()
        who = await door.apps.citizen(app, wanted.open_id, active_at=now)
        pan = wanted.card_no or account_name(app.institution, wanted.account_no or "")
        instrument_id = await door.apps.bind_card(app, who, pan, door.links.registry, now=now)
        return _json({"instrument_id": str(instrument_id)}, 201)

    return routes


def _vouchers(door: Door, caller: Caller) -> APIRouter:
    routes = APIRouter()

    @routes.get("/rounds", response_model=None)
    async def rounds(app: Annotated[App, Depends(caller)]) -> Response:
        """Rounds that are open or will be, with what is left for everybody and in this institution's own quota."""
        now = door.clock.now()
        async with door.database.transaction() as connection:
            rows = await rounds_for_screen(connection, now=now, ended_since=now)
            quotas = await quotas_of(connection, [row.round_id for row in rows])
            packs = await packs_of(connection, [row.round_id for row in rows])
        own = {quota.part_of: quota for quota in quotas if quota.institution == app.institution}
        open_to = [r for r in rows if _is_open_to(app, r.terms.conditions)]
        return _json({"rounds": [_round_out(row, own, packs.get(row.round_id)) for row in open_to if row.types]})

    @routes.post("/rounds/{round_id}/claims", status_code=201, response_model=None)
    async def claim(
        app: Annotated[App, Depends(caller)], round_id: UUID, wanted: OpenId, request: Request, key: Key
    ) -> Response:
        """Claim for a citizen: body as the citizen's own claim with `open_id`; the same outcomes and codes."""
        offer = await door.find_round(round_id.hex)
        if offer is None:
            raise Refused("not_found", "no such round")
        body, body_hash = read_claim(await request.body(), offer.round_hex)
        who = await door.apps.citizen(app, wanted.open_id, active_at=door.clock.now())
        place = None if body.location is None else (body.location.lon, body.location.lat)
        if offer.pack is not None:
            pack = await door.apps.claim_pack(app, who, offer, offer.pack, key=key, body_hash=body_hash, place=place)
            if pack.first.code not in WON:
                raise Refused(pack.first.code, pack.first.reason or "")
            return _json(pack_answer_of(pack), 201)
        type_ = type_of(offer, body.type_id)
        outcome = await door.apps.claim(app, who, offer, type_, key=key, body_hash=body_hash, place=place)
        if outcome.code not in {"claimed", "again"}:
            raise Refused(outcome.code, reason=outcome.reason or "")
        return Response(_encode(answer_of(outcome)), 201, media_type="application/json")

    @routes.get("/wallet/vouchers", response_model=None)
    async def wallet(app: Annotated[App, Depends(caller)], open_id: UUID, after: UUID | None = None) -> Response:
        who = await door.apps.citizen(app, open_id)
        async with door.database.transaction() as connection:
            page = await wallet_of(connection, cell_of(who, door.cells), who, now=door.clock.now(), before=after)
        document: dict[str, object] = {"vouchers": page}
        if len(page) == PAGE:
            document["next"] = str(page[-1].voucher_id)
        return _json(document)

    return routes


def _payments(door: Door, caller: Caller) -> APIRouter:
    routes = APIRouter()

    @routes.post("/institutions/pay-codes", status_code=201, response_model=None)
    async def pay_code(app: Annotated[App, Depends(caller)], wanted: AppPayCode) -> Response:
        """A code of 18 digits for a till, one use, one minute."""
        who = await door.apps.citizen(app, wanted.open_id, active_at=door.clock.now())
        code, expires_at = await show_pay_code(
            door.database,
            door.clock,
            door.hash_code,
            cells=door.cells,
            citizen_id=who,
            instrument_id=wanted.instrument_id,
            vouchers=None if wanted.vouchers is None else tuple(wanted.vouchers),
        )
        return _json({"pay_code": code, "emvco": make_consumer_code(code), "expires_at": expires_at.isoformat()}, 201)

    @routes.post("/payments", include_in_schema=False, response_model=None)
    async def pay(app: Annotated[App, Depends(caller)], wanted: OpenId, request: Request, key: Key) -> Response:
        """`POST /v1/payments` by a bank's app: the citizen's body with `open_id`, signed instead of a token."""
        who = await door.apps.citizen(app, wanted.open_id, active_at=door.clock.now())
        bearer = Bearer(Holder.CITIZEN, who.hex, 0)
        scoped = f"{app.institution}\n{key}".encode()
        status, payment = await take_payment(
            door.payments,
            bearer,
            scoped,
            await request.body(),
            door.hash_code,
            step_up_code=request.headers.get("step-up-code", "")[:CODE_MAX],
            hash_device=lambda device_id: device_token(device_id, door.sealing),
        )
        return _payment(payment, status)

    @routes.get("/institutions/payments/{payment_id}", response_model=None)
    async def payment(app: Annotated[App, Depends(caller)], payment_id: UUID, open_id: UUID) -> Response:
        who = await door.apps.citizen(app, open_id)
        found = await door.payments.payment(cell_of(payment_id, door.cells), payment_id)
        if found.citizen_id != who:
            raise Refused("not_found", "no such payment")
        is_open = found.state in OUTCOME_OPEN
        return _payment(payment_out(found), 202 if is_open else 200)

    return routes


def _records(door: Door, caller: Caller) -> APIRouter:
    routes = APIRouter()

    @routes.get("/events", response_model=None)
    async def events(
        app: Annotated[App, Depends(caller)], after: Annotated[str, Query(pattern=CURSOR)] = ""
    ) -> Response:
        """What callbacks would bring, to be fetched: begin with no `after`, go on with `next`."""
        async with door.database.transaction() as connection:
            found, cursor = await events_for(connection, app.institution, after=after)
        told = [
            {
                "id": str(e.event_id),
                "type": e.kind,
                "timestamp": e.happened_at.isoformat(),
                "data": told_to(app.institution, e.payload) | {"subject": str(e.subject)},
            }
            for e in found
        ]
        return _json({"events": told, "next": cursor})

    @routes.get("/report", response_model=None)
    async def report(app: Annotated[App, Depends(caller)]) -> Response:
        async with door.database.transaction() as connection:
            months = await report_app(connection, app.institution)
        facts = [asdict(m) | {"redemption_bp": m.redemption_bp, "pull_hundredths": m.pull_hundredths} for m in months]
        return _json({"institution": app.institution, "months": facts})

    @routes.get("/report.csv", response_model=None)
    async def report_file(app: Annotated[App, Depends(caller)]) -> Response:
        async with door.database.transaction() as connection:
            text = report_csv(await report_app(connection, app.institution))
        return Response(text, media_type="text/csv; charset=utf-8")

    @routes.get("/files/{day}", response_model=None)
    async def file(app: Annotated[App, Depends(caller)], day: date) -> Response:
        """A closed day's file (docs/institutions.md); `X-Content-SHA256` is of the whole file."""
        async with door.database.transaction() as connection:
            made = await daily_file(connection, app.institution, day, now=door.clock.now())
        name = f'attachment; filename="yongquan-{app.institution}-{day.isoformat()}.txt"'
        headers = {"X-Content-SHA256": made.sha256, "Content-Disposition": name}
        return Response(made.body, media_type="text/plain; charset=utf-8", headers=headers)

    return routes


def told_to(institution: str, payload: dict[str, object]) -> dict[str, object]:
    """An event's facts as one institution may know them: its own open id in the place of our id of the citizen."""
    open_ids = payload.get("open_ids")
    kept = {name: value for name, value in payload.items() if name not in {"citizen_id", "institutions", "open_ids"}}
    return kept | {"open_id": open_ids.get(institution) if isinstance(open_ids, dict) else None}


def _is_open_to(app: App, wanted: Conditions) -> bool:
    through = wanted.platforms is None or app.institution in wanted.platforms
    return through and (wanted.card_issuers is None or app.institution in wanted.card_issuers)


def _round_out(row: RoundRow, own: dict[UUID, Quota], pack: Pack | None) -> dict[str, object]:
    return {
        "round_id": str(row.round_id),
        "name": row.name,
        "name_en": row.name_en,
        "campaign": row.campaign,
        "campaign_en": row.campaign_en,
        "opens_at": row.opens_at,
        "closes_at": row.closes_at,
        "paused": row.is_paused,
        "districts": row.terms.conditions.districts,
        "cap_round": row.terms.caps.per_round,
        "pack": None if pack is None else _pack_out(pack),
        "types": [
            {
                "type_id": str(t.type_id),
                "name": t.name,
                "name_en": t.name_en,
                "industry": t.industry,
                "amount_fen": t.amount_fen,
                "threshold_fen": t.threshold_fen,
                "rate_bp": t.rate_bp,
                "remaining": t.remaining,
                "own_quota": own[t.type_id].stock if t.type_id in own else 0,
                "own_remaining": own[t.type_id].remaining if t.type_id in own else 0,
                "own_until": own[t.type_id].release_at if t.type_id in own else None,
            }
            for t in row.types
        ],
    }


def _pack_out(pack: Pack) -> dict[str, object]:
    items = [{"type_id": str(item.type_id), "copies": item.copies} for item in pack.items]
    return {"name": pack.name, "name_en": pack.name_en, "packs": pack.packs, "items": items}


def _payment(payment: PaymentOut, status: int) -> Response:
    return Response(_encode(payment), status, media_type="application/json")


def _json(document: object, status: int = 200) -> Response:
    return Response(_encode(document), status, media_type="application/json")
