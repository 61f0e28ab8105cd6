"""Schemathesis hooks: every request is signed with a bank's key when it is sent, as `docs/institutions.md` says."""

import os
import secrets
from pathlib import Path
from typing import Any

import schemathesis
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from http_message_signatures import HTTPMessageSigner, MappingKeyResolver, algorithms
from requests import PreparedRequest

KEY_ID = "schemathesis"
KEY_HEADER = "Idempotency-Key"
KEY_LENGTH_MAX = 200
COVERED = ("@method", "@authority", "@path", "@query")


class Signed:
    """What `requests` calls with a request that is ready to go."""

    def __init__(self, key: Any) -> None:
        keys = MappingKeyResolver(public_keys={}, private_keys={KEY_ID: key})
        self._signer = HTTPMessageSigner(signature_algorithm=algorithms.ED25519, key_resolver=keys)

    def __call__(self, request: PreparedRequest) -> PreparedRequest:
        body = request.body.encode() if isinstance(request.body, str) else request.body
        nonce = secrets.token_urlsafe(24)
        self._signer.sign(request, key_id=KEY_ID, nonce=nonce, covered_component_ids=COVERED, body=body)
        return request


SIGNED = Signed(load_pem_private_key(Path(os.environ["YONGQUAN_TEST_KEY"]).read_bytes(), password=None))


@schemathesis.hook
def before_call(context: Any, case: Any, kwargs: dict[str, Any]) -> None:
    kwargs["auth"] = SIGNED
    # A key that was sent before means the call that it was sent with: valid ones are made fresh.
    if 1 <= len((case.headers or {}).get(KEY_HEADER) or "") <= KEY_LENGTH_MAX:
        case.headers[KEY_HEADER] = secrets.token_hex(16)


@schemathesis.hook
def before_load_schema(context: Any, raw_schema: dict[str, Any]) -> None:
    """The hook above signs whatever is sent: without this, schemathesis would try to leave signatures out."""
    raw_schema["components"].pop("securitySchemes")
    for operations in raw_schema["paths"].values():
        for operation in operations.values():
            operation.pop("security", None)
