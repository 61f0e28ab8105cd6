"""The bank's phone pages and the address its callbacks come to."""

import json
import secrets
from collections.abc import Callable, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from pathlib import Path
from types import MappingProxyType
from typing import Annotated
from zoneinfo import ZoneInfo

import segno
from fastapi import FastAPI, Form, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup
from standardwebhooks.webhooks import Webhook, WebhookVerificationError

from example_bank_app.platform import Platform, Refused
from example_bank_app.store import Customer, Store
from example_bank_app.words import words_in

HERE = Path(__file__).parent
SESSION, LANGUAGE = "bank_session", "bank_language"
NO_FACTS: Mapping[str, object] = MappingProxyType({})
POLICY = "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; frame-ancestors 'none'"


class SignedOut(Exception):
    """Nobody is signed in, or the customer is not linked yet; `to` is where to go first."""

    def __init__(self, to: str) -> None:
        super().__init__(to)
        self.to = to


class Bank:
    """What the pages share."""

    def __init__(self, platform: Platform, store: Store, *, webhook_secret: Callable[[], str]) -> None:
        self.platform = platform
        self.store = store
        self.webhook_secret = webhook_secret
        self._templates = Environment(
            loader=FileSystemLoader(HERE / "templates"), autoescape=True, undefined=StrictUndefined
        )
        self._templates.filters["shanghai"] = _shanghai
        self._templates.filters["yuan"] = lambda fen: f"{fen // 100}" if fen % 100 == 0 else f"{fen / 100:.2f}"

    def customer(self, request: Request) -> Customer:
        """Who is signed in. Raises `SignedOut`."""
        found = self.store.customer(request.cookies.get(SESSION, ""))
        if found is None:
            raise SignedOut("/sign-in")
        return found

    def linked(self, request: Request) -> tuple[Customer, str]:
        """Who is signed in, with the open id. Raises `SignedOut`."""
        customer = self.customer(request)
        if customer.open_id is None:
            raise SignedOut("/consent")
        return customer, customer.open_id

    def show(
        self, request: Request, page: str, facts: Mapping[str, object] = NO_FACTS, *, status: int = 200
    ) -> Response:
        """A page in the reader's language."""
        language = "en" if request.cookies.get(LANGUAGE) == "en" else "zh-CN"
        more: dict[str, object] = {
            "w": words_in(language),
            "language": language,
            "error": None,
            "here": request.url.path,
            **facts,
        }
        body = self._templates.get_template(page).render(**more)
        headers = {"Content-Security-Policy": POLICY, "Cache-Control": "no-store"}
        return HTMLResponse(body, status, headers=headers)


def make_app(bank: Bank) -> FastAPI:
    """The bank's app."""
    app = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)
    app.mount("/static", StaticFiles(directory=HERE / "static"))

    @app.exception_handler(SignedOut)
    def signed_out(_: Request, error: SignedOut) -> Response:
        return RedirectResponse(error.to, 303)

    @app.exception_handler(Refused)
    def refused(request: Request, error: Refused) -> Response:
        return bank.show(request, "refused.html", {"error": error}, status=409)

    @app.post("/language")
    def language(language: Annotated[str, Form()], back: Annotated[str, Form()] = "/") -> Response:
        answer = RedirectResponse(back if back.startswith("/") and not back.startswith("//") else "/", 303)
        answer.set_cookie(LANGUAGE, language, httponly=True, samesite="lax")
        return answer

    @app.post("/callbacks")
    async def callback(request: Request) -> Response:
        body = await request.body()
        try:
            event = Webhook(bank.webhook_secret()).verify(body, dict(request.headers))
        except (WebhookVerificationError, ValueError):
            return Response(status_code=401)
        open_id = event["data"].get("open_id")
        bank.store.note_event(request.headers["webhook-id"], event["type"], open_id, json.dumps(event["data"]))
        return Response(status_code=204)

    _add_sign_in(app, bank)
    _add_vouchers(app, bank)
    _add_paying(app, bank)
    return app


def _add_sign_in(app: FastAPI, bank: Bank) -> None:
    @app.get("/sign-in")
    def sign_in_page(request: Request) -> Response:
        return bank.show(request, "sign_in.html")

    @app.post("/sign-in")
    def sign_in(phone: Annotated[str, Form()], name: Annotated[str, Form()]) -> Response:
        # A real bank asks for a password here; this one trusts its visitors.
        answer = RedirectResponse("/", 303)
        answer.set_cookie(SESSION, bank.store.sign_in(phone, name), httponly=True, samesite="lax")
        return answer

    @app.get("/consent")
    def consent_page(request: Request) -> Response:
        bank.customer(request)
        return bank.show(request, "consent.html", {"asked": False})

    @app.post("/consent")
    def consent(request: Request, code: Annotated[str, Form()] = "") -> Response:
        customer = bank.customer(request)
        try:
            if not code:
                bank.platform.ask_consent(customer.phone, customer.name)
                return bank.show(request, "consent.html", {"asked": True})
            bank.store.note_open_id(customer.phone, bank.platform.link(customer.phone, customer.name, code))
        except Refused as error:
            return bank.show(request, "consent.html", {"asked": bool(code), "error": error}, status=422)
        return RedirectResponse("/", 303)


def _add_vouchers(app: FastAPI, bank: Bank) -> None:
    @app.get("/")
    def rounds(request: Request, claimed: str = "") -> Response:
        bank.linked(request)
        facts = {"rounds": bank.platform.rounds(), "key": secrets.token_hex(12), "claimed": claimed}
        return bank.show(request, "rounds.html", facts)

    @app.post("/claims")
    def claim(
        request: Request,
        round_id: Annotated[str, Form()],
        type_id: Annotated[str, Form()],
        key: Annotated[str, Form()],
    ) -> Response:
        _, open_id = bank.linked(request)
        try:
            bank.platform.claim(open_id, round_id, type_id, key=key)
        except Refused as error:
            facts = {
                "rounds": bank.platform.rounds(),
                "key": secrets.token_hex(12),
                "claimed": "",
                "error": error,
            }
            return bank.show(request, "rounds.html", facts, status=409)
        return RedirectResponse(f"/?claimed={type_id}", 303)

    @app.get("/wallet")
    def wallet(request: Request) -> Response:
        _, open_id = bank.linked(request)
        facts = {"vouchers": bank.platform.wallet(open_id), "events": bank.store.events(open_id)[-5:]}
        return bank.show(request, "wallet.html", facts)


def _add_paying(app: FastAPI, bank: Bank) -> None:
    @app.get("/pay")
    def pay_page(request: Request, store: str = "") -> Response:
        _, open_id = bank.linked(request)
        cards = bank.platform.cards(open_id)
        code = bank.platform.pay_code(open_id, cards[0]["instrument_id"]) if cards else ""
        picture = _qr(code) if code else ""
        facts = {
            "cards": cards,
            "code": code,
            "picture": picture,
            "store": store,
            "key": secrets.token_hex(12),
        }
        return bank.show(request, "pay.html", facts | {"paid": None})

    @app.post("/cards")
    def bind(request: Request, card_no: Annotated[str, Form()]) -> Response:
        _, open_id = bank.linked(request)
        bank.platform.bind_card(open_id, card_no.replace(" ", ""))
        return RedirectResponse("/pay", 303)

    @app.post("/pay")
    def pay(
        request: Request,
        store: Annotated[str, Form()],
        amount: Annotated[str, Form()],
        key: Annotated[str, Form()],
    ) -> Response:
        _, open_id = bank.linked(request)
        cards = bank.platform.cards(open_id)
        facts = {
            "cards": cards,
            "code": "",
            "picture": "",
            "store": store,
            "key": secrets.token_hex(12),
            "paid": None,
        }
        if not cards:
            return bank.show(request, "pay.html", facts, status=409)
        try:
            amount_fen = int(Decimal(amount) * 100)
            paid = bank.platform.pay(open_id, cards[0]["instrument_id"], store, amount_fen, key=key)
        except InvalidOperation:
            return bank.show(request, "pay.html", facts, status=422)
        except Refused as error:
            return bank.show(request, "pay.html", facts | {"error": error}, status=409)
        return bank.show(request, "pay.html", facts | {"paid": paid})


def _shanghai(text: str) -> str:
    """A moment of the API as Shanghai people read it."""
    return datetime.fromisoformat(text).astimezone(ZoneInfo("Asia/Shanghai")).strftime("%Y-%m-%d %H:%M")


def _qr(content: str) -> Markup:
    code = segno.make(content, error="m", micro=False)
    return Markup(code.svg_inline(svgclass="qr", lineclass=None, omitsize=True, border=3, light="#fff"))  # noqa: S704
