"""The platform's API as a bank calls it: each request signed (RFC 9421, ed25519), errors as they are told."""

from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from yongquan_client import Signed

TIMEOUT_S = 20.0


class Refused(Exception):
    """The platform said no; `code` is stable, the two sentences are for people."""

    def __init__(self, code: str, title: str, title_en: str, detail: str = "") -> None:
        super().__init__(f"{code}: {detail or title_en}")
        self.code = code
        self.title = title
        self.title_en = title_en


class Platform:
    """Signed calls to the platform at `base_url` with the bank's own key."""

    def __init__(self, base_url: str, *, key_id: str, key: Ed25519PrivateKey) -> None:
        self._client = httpx.Client(base_url=base_url, auth=Signed(key_id, key), timeout=TIMEOUT_S, trust_env=False)

    def rounds(self) -> list[dict[str, Any]]:
        """What can be claimed now or soon."""
        return list(self._call("GET", "/v1/institutions/rounds")["rounds"])

    def ask_consent(self, phone: str, name: str) -> None:
        """Have the platform send the citizen a code of consent."""
        self._call("POST", "/v1/institutions/links", body={"phone": phone, "name": name})

    def link(self, phone: str, name: str, code: str) -> str:
        """The open id of the citizen who gave the code back."""
        return str(
            self._call("POST", "/v1/institutions/links", body={"phone": phone, "name": name, "code": code})["open_id"]
        )

    def claim(self, open_id: str, round_id: str, type_id: str, *, key: str) -> dict[str, Any]:
        """Claim a voucher; the same key again brings the same voucher."""
        body = {"open_id": open_id, "type_id": type_id}
        return self._call("POST", f"/v1/institutions/rounds/{round_id}/claims", body=body, key=key)

    def sign_up(
        self, open_id: str, round_id: str, wishes: list[str], place: tuple[float, float], *, key: str
    ) -> dict[str, Any]:
        """Sign up for a draw, the most wanted type first; `place` is longitude and latitude."""
        body = {"open_id": open_id, "wishes": wishes, "location": {"lon": place[0], "lat": place[1]}}
        return self._call("POST", f"/v1/institutions/rounds/{round_id}/registrations", body=body, key=key)

    def registration(self, open_id: str, round_id: str) -> dict[str, Any]:
        """The citizen's registration, whatever app it came by."""
        return self._call("GET", f"/v1/institutions/rounds/{round_id}/registrations?open_id={open_id}")

    def withdraw(self, open_id: str, round_id: str, *, key: str) -> None:
        """Take a registration back that came by this bank's app."""
        self._call("DELETE", f"/v1/institutions/rounds/{round_id}/registrations?open_id={open_id}", key=key)

    def wallet(self, open_id: str) -> list[dict[str, Any]]:
        """The citizen's vouchers, newest first."""
        return list(self._call("GET", f"/v1/institutions/wallet/vouchers?open_id={open_id}")["vouchers"])

    def cards(self, open_id: str) -> list[dict[str, Any]]:
        """The citizen's cards of this bank that are bound."""
        return list(self._call("GET", f"/v1/institutions/cards?open_id={open_id}")["cards"])

    def bind_card(self, open_id: str, card_no: str) -> str:
        """Bind a card of this bank."""
        body = {"open_id": open_id, "card_no": card_no}
        return str(self._call("POST", "/v1/institutions/cards", body=body)["instrument_id"])

    def pay_code(self, open_id: str, instrument_id: str) -> str:
        """18 digits to show at a till, good once for a minute."""
        body = {"open_id": open_id, "instrument_id": instrument_id}
        return str(self._call("POST", "/v1/institutions/pay-codes", body=body)["pay_code"])

    def pay(self, open_id: str, instrument_id: str, store_id: str, amount_fen: int, *, key: str) -> dict[str, Any]:
        """Pay at a store with the best vouchers."""
        body = {"open_id": open_id, "instrument_id": instrument_id, "store_id": store_id, "amount_fen": amount_fen}
        return self._call("POST", "/v1/payments", body=body, key=key)

    def answer(self, open_id: str, payment_id: str, *, agrees: bool) -> dict[str, Any]:
        """Tell what the customer, asked in this app, says to a large payment by pay code."""
        word = "confirm" if agrees else "deny"
        return self._call("POST", f"/v1/institutions/payments/{payment_id}/{word}", body={"open_id": open_id})

    def limits(self, limits: dict[str, int | None]) -> dict[str, Any]:
        """Limit what this bank's instruments pay."""
        return self._call("PUT", "/v1/institutions/limits", body=limits)

    def report(self) -> list[dict[str, Any]]:
        """The bank's own report, month by month."""
        return list(self._call("GET", "/v1/institutions/report")["months"])

    def get(self, path: str) -> httpx.Response:
        """A signed GET whose answer is not JSON: a file."""
        return self._send("GET", path)

    def close(self) -> None:
        self._client.close()

    def _call(self, method: str, path: str, *, body: dict[str, Any] | None = None, key: str = "") -> dict[str, Any]:
        answer = self._send(method, path, body=body, key=key)
        document: dict[str, Any] = answer.json() if answer.content else {}
        if answer.is_success:
            return document
        code, title = document.get("code", "unavailable"), document.get("title", "暂时不可用")
        raise Refused(code, title, document.get("title_en", "unavailable"), document.get("detail", ""))

    def _send(self, method: str, path: str, *, body: dict[str, Any] | None = None, key: str = "") -> httpx.Response:
        headers = {"Idempotency-Key": key} if key else {}
        return self._client.request(method, path, json=body, headers=headers)


def read_key(file: Path) -> Ed25519PrivateKey:
    """The bank's private key, PEM."""
    key = load_pem_private_key(file.read_bytes(), password=None)
    if not isinstance(key, Ed25519PrivateKey):
        raise TypeError(f"{file} is not an ed25519 private key")
    return key
