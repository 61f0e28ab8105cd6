"""What a merchant and the gateway both know, for signatures of methods 11 and 12."""

from typing import Final

from yongquan.institutions.gateway import GatewayMerchant
from yongquan.plumbing.sealing import Sealing

SEALED_AS: Final = "api v3 key"  # one secret a merchant, whatever format it speaks


def shared_secret(merchant: GatewayMerchant, sealing: Sealing, *, is_sandboxed: bool) -> str | None:
    """A merchant's secret; without one, the empty text of ACP's published vectors, but beside the sandbox only."""
    if merchant.api_key_sealed is not None:
        return sealing.open(merchant.api_key_sealed, what=SEALED_AS)
    return "" if is_sandboxed else None
