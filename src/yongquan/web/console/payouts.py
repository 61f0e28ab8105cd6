"""Payouts at the desk: a file sent in, its preview and errors, a second person's approval, progress, the report."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, File, Form, Request, Response, UploadFile
from fastapi.responses import RedirectResponse

from yongquan.flows.pay_batch import PayoutBatches
from yongquan.flows.steer_payouts import NoSuchPayer, PayoutSeat
from yongquan.institutions.views import institution_kinds, parties
from yongquan.kernel.errors import BadInput
from yongquan.payments.payout_files import FILE_BYTES_MAX
from yongquan.payments.payouts import PayoutRefused
from yongquan.web.bank_words import bank_word
from yongquan.web.console.desk import ROOT, Desk, Visitor, desk_routes, known_id
from yongquan.web.language import speech_of

ROWS_SHOWN = 100


def make_payouts(desk: Desk) -> APIRouter:
    """`/console/payouts`."""
    routes = desk_routes()
    batches = PayoutBatches(desk.door.payouts)

    async def listed(request: Request, visitor: Visitor, *, trouble: str = "", detail: str = "") -> Response:
        seat = PayoutSeat(batches, visitor.staff)
        async with desk.door.database.transaction() as connection:
            names = await parties(connection)
            institutions = await institution_kinds(connection)
        facts = {
            "institutions": institutions,
            "batches": await seat.batches_seen(),
            "funders": await seat.funders(),
            "names": names,
            "whole_city": visitor.places is None,
            "trouble": bank_word(speech_of(request), "reason", trouble) if trouble else "",
            "detail": detail,
            "word": _word(request),
        }
        return desk.show(request, visitor, "payouts.html", facts, status=422 if trouble else 200)

    @routes.get("/payouts")
    async def all_batches(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)]) -> Response:
        return await listed(request, visitor)

    @routes.post("/payouts")
    async def send_in(
        request: Request,
        visitor: Annotated[Visitor, Depends(desk.poster)],
        payer: Annotated[str, Form()],
        batch_no: Annotated[str, Form()],
        file: Annotated[UploadFile, File()],
        *,
        store: Annotated[str, Form()] = "",
    ) -> Response:
        content = await file.read(FILE_BYTES_MAX + 1)
        seat = PayoutSeat(batches, visitor.staff)
        try:
            made = await seat.plan(
                f"store:{store.strip()}" if payer == "store:" else payer,
                content,
                batch_no=batch_no.strip(),
                file_name=file.filename or "",
            )
        except PayoutRefused as refusal:
            return await listed(request, visitor, trouble=refusal.reason)
        except NoSuchPayer:
            return await listed(request, visitor, trouble="payer_unknown")
        except BadInput as bad:
            return await listed(request, visitor, trouble="bad_input", detail=bad.message)
        return RedirectResponse(f"{ROOT}/payouts/{made.batch_id}", status_code=303)

    for make in (_make_batch, _make_steps):
        routes.include_router(make(desk, batches))
    return routes


def _make_batch(desk: Desk, batches: PayoutBatches) -> APIRouter:
    routes = desk_routes()

    async def show(request: Request, visitor: Visitor, batch: str, template: str) -> Response:
        seat = PayoutSeat(batches, visitor.staff)
        found = await seat.batch(known_id(batch))
        async with desk.door.database.transaction() as connection:
            names = await parties(connection)
        view = await batches.view(found.batch_id, await seat.account(found.payer))
        facts = {
            "view": view,
            "rows": await batches.rows(found.batch_id, limit=ROWS_SHOWN),
            "unpaid": await batches.rows(found.batch_id, only_unpaid=True, limit=ROWS_SHOWN),
            "is_going": any(state in view.progress for state in ("accepted", "processing")),
            "is_own": found.made_by == visitor.staff.actor,
            "names": names,
            "word": _word(request),
        }
        return desk.show(request, visitor, template, facts)

    @routes.get("/payouts/{batch}")
    async def one(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], batch: str) -> Response:
        return await show(request, visitor, batch, "payout_batch.html")

    @routes.get("/payouts/{batch}/progress")
    async def progress(request: Request, visitor: Annotated[Visitor, Depends(desk.visitor)], batch: str) -> Response:
        return await show(request, visitor, batch, "payout_batch_live.html")

    @routes.get("/payouts/{batch}/report.csv")
    async def report(
        visitor: Annotated[Visitor, Depends(desk.visitor)], batch: str, only: Literal["all", "unpaid"] = "all"
    ) -> Response:
        found = await PayoutSeat(batches, visitor.staff).batch(known_id(batch))
        text = await batches.report(found.batch_id, only_unpaid=only == "unpaid")
        headers = {"Content-Disposition": f'attachment; filename="payouts-{found.batch_id.hex[-8:]}-{only}.csv"'}
        return Response(text, media_type="text/csv; charset=utf-8", headers=headers)

    return routes


def _make_steps(desk: Desk, batches: PayoutBatches) -> APIRouter:
    routes = desk_routes()

    @routes.post("/payouts/{batch}/decision")
    async def decide(
        visitor: Annotated[Visitor, Depends(desk.poster)],
        batch: str,
        to: Annotated[Literal["approved", "rejected"], Form()],
    ) -> Response:
        decided = await PayoutSeat(batches, visitor.staff).decide(known_id(batch), approve=to == "approved")
        return RedirectResponse(f"{ROOT}/payouts/{decided.batch_id}", status_code=303)

    return routes


def _word(request: Request) -> object:
    said = speech_of(request)
    return lambda listed, code: bank_word(said, listed, code)
