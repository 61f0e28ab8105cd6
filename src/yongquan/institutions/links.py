"""Our standing links to every institution of the directory, renewed when the directory changes."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from yongquan.institutions.connectors.iso8583 import IssuerLine
from yongquan.institutions.connectors.register import RegisterClient
from yongquan.institutions.connectors.signatures import public_key
from yongquan.institutions.connectors.signed_http import SignedClient
from yongquan.institutions.errors import InstitutionUnreachable
from yongquan.institutions.registry import Registry, parse_registry

NETWORK_ID = "99000001"
LINES = 2
REGISTER_TIMEOUT_S = 10.0  # somebody waits at a form


class Links:
    """Card lines by issuer code and signed HTTP by institution code; empty until `refresh` finds a directory.

    Each issuer is reached by `LINES` lines, so that one that breaks does not take the issuer with it.
    """

    def __init__(self, directory: Path, our_key: Ed25519PrivateKey) -> None:
        self._directory = directory
        self._our_key = our_key
        self._read_at = 0
        self._lines: dict[str, tuple[IssuerLine, ...]] = {}
        self.registry: Registry | None = None

    @property
    def lines(self) -> Mapping[str, IssuerLine]:
        """The first card line to each issuer."""
        return MappingProxyType({code: lines[0] for code, lines in self._lines.items()})

    def lines_of(self, code: str) -> tuple[IssuerLine, ...]:
        """The card lines that are kept up to an issuer."""
        return self._lines.get(code, ())

    async def refresh(self) -> bool:
        """Read the directory again if it was rewritten, and renew the lines; whether it was."""
        try:
            changed_at = self._directory.stat().st_mtime_ns
        except FileNotFoundError:
            return False
        if changed_at == self._read_at:
            return False
        self.registry = parse_registry(self._directory.read_bytes())
        self._read_at = changed_at
        await self.close()
        for issuer in self.registry.issuers:
            lines = tuple(IssuerLine(issuer, network_id=NETWORK_ID) for _ in range(LINES))
            for line in lines:
                await line.__aenter__()
            self._lines[issuer.code] = lines
        return True

    async def ready(self, *, timeout_s: float) -> None:
        """Wait until every line is signed on. Raises `OutcomeUnknown` or `NotSent` after the timeout."""
        for lines in list(self._lines.values()):
            for line in lines:
                await line.wait_ready(timeout_s=timeout_s)

    async def close(self) -> None:
        for lines in self._lines.values():
            for line in lines:
                await line.__aexit__(None, None, None)
        self._lines.clear()

    def network_id_of(self, code: str) -> str:
        """The eight digits of an institution. Raises `InstitutionUnreachable` if the directory lacks it."""
        return self._known()[code].network_id

    def client(self, code: str) -> SignedClient:
        """Signed HTTP to one institution; use it as an async context."""
        member = self._known()[code]
        return SignedClient(
            member.http_url,
            institution=code,
            our_private_key=self._our_key,
            their_public_key=public_key(member.public_key_pem),
        )

    def business_register(self) -> RegisterClient:
        """Signed HTTP to the business register. Raises `InstitutionUnreachable` if the directory has none."""
        office = self._known().register
        if office is None:
            raise InstitutionUnreachable("the directory of institutions names no business register")
        return RegisterClient(
            office.http_url,
            institution=office.code,
            our_private_key=self._our_key,
            their_public_key=public_key(office.public_key_pem),
            timeout_s=REGISTER_TIMEOUT_S,
        )

    def _known(self) -> Registry:
        if self.registry is None:
            raise InstitutionUnreachable(f"there is no directory of institutions at {self._directory}")
        return self.registry
