"""Scanning what a merchant shows: a store's code, an order's code, or the address of a page of ours."""

from typing import Annotated
from urllib.parse import urlsplit
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, Field

from yongquan.payments.emvco import is_merchant_code, read_merchant_code
from yongquan.web.api.wire import Refused
from yongquan.web.door import Door
from yongquan.web.language import is_inside, speech_of
from yongquan.web.pages import render, said
from yongquan.web.sessions import Sessions
from yongquan.web.words import Words

SCAN_WORDS = {
    "camera_off": "无法打开摄像头，请把码的内容粘贴到下面",
    "reading": "正在识别…",
    "lost": "网络中断，请重试",
    "again": "重新扫码",
}
OURS = ("/cashier/", "/c/pay", "/c/cashier/", "/c/rounds/", "/c/own/")


class Scanned(BaseModel):
    """What a camera read."""

    text: str = Field(min_length=1, max_length=1024)


def make_scan(_: Door, sessions: Sessions) -> APIRouter:
    """`/c/scan`, and what its script asks."""
    routes = APIRouter()

    @routes.get("/scan")
    async def scan(request: Request, _: Annotated[UUID, Depends(sessions.page)]) -> Response:
        speech = speech_of(request)
        sentences = {**Words(speech).problems(), **said(speech, SCAN_WORDS)}
        return render(request, "citizen/scan.html", sentences=sentences)

    @routes.post("/scan/read")
    async def read(request: Request, _: Annotated[UUID, Depends(sessions.script)], scanned: Scanned) -> dict[str, str]:
        return {"go": page_of(scanned.text.strip(), here=request.url.netloc)}

    return routes


def page_of(text: str, *, here: str) -> str:
    """The page of ours that a scanned text leads to; `here` is our host. Raises `Refused` and `CodeMalformed`."""
    if is_merchant_code(text):
        code = read_merchant_code(text)
        if code.order_id is not None:
            return f"/c/cashier/{code.order_id}?t={code.token}"
        amount = "" if code.amount_fen is None else f"&amount_fen={code.amount_fen}"
        return f"/c/pay?store={code.store_id}{amount}"
    address = urlsplit(text)
    path = address.path + (f"?{address.query}" if address.query else "")
    if address.scheme in {"http", "https"} and address.netloc == here and is_inside(path) and path.startswith(OURS):
        return f"/c{path}" if path.startswith("/cashier/") else path
    raise Refused("code_malformed", "this is no code of a store or an order of this network")
