"""Merchants that call in a wire format they already speak: v3 by mchid, ACP by merId. The register and its SQL."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from yongquan.institutions.apps import App
from yongquan.institutions.apps_store import apps, save_app
from yongquan.institutions.store import Funder
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.db import Connection

V3: Final = "v3"
ACP: Final = "acp"
OWN_PREFIX: Final = "mch-"
_PER_SECOND = 500
_PER_DAY = 10_000_000
_SAVE = """
insert into institutions.gateway_merchant (dialect, number, appid, institution, serial_no, public_key_pem,
                                           certificate_pem, api_key_sealed, added_at, store_id)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
on conflict (dialect, number) do update
   set appid = excluded.appid, institution = excluded.institution, serial_no = excluded.serial_no,
       public_key_pem = excluded.public_key_pem, certificate_pem = excluded.certificate_pem,
       api_key_sealed = coalesce(excluded.api_key_sealed, gateway_merchant.api_key_sealed),
       store_id = coalesce(excluded.store_id, gateway_merchant.store_id)
"""
_FIND = """
select dialect, number, appid, institution, serial_no, public_key_pem, certificate_pem, api_key_sealed, store_id
  from institutions.gateway_merchant where dialect = %s and number = %s
"""
_LOCK = "select 1 from institutions.gateway_merchant where dialect = %s and number = %s for no key update"
_GIVE_STORE = """
update institutions.gateway_merchant set store_id = %s where dialect = %s and number = %s and store_id is null
"""
_STORES = (
    "select number, institution, store_id from institutions.gateway_merchant where dialect = %s and number = any (%s)"
)
_KNOWN = "select number from institutions.gateway_merchant where dialect = %s and number = any (%s)"


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayMerchant:
    """A registered caller; what it does is done as its institution's app. `serial_no` as its dialect writes it.

    `store_id`: the store whose takings its orders are.
    """

    dialect: str
    number: str
    institution: str
    serial_no: str
    public_key_pem: str
    appid: str | None = None
    certificate_pem: str | None = None
    api_key_sealed: bytes | None = None
    store_id: UUID | None = None

    @property
    def is_own(self) -> bool:
        """Whether it has no institution beside itself."""
        return self.institution.startswith(OWN_PREFIX)


def funder_of(mchid: str) -> Funder:
    """Who pays for the cash coupons of a v3 merchant: itself, out of an account of its own at a bank."""
    name, account = f"商户 {mchid}", f"{OWN_PREFIX}{mchid}-supervised"
    return Funder(f"{OWN_PREFIX}{mchid}", name, f"Merchant {mchid}", "merchant", None, "zhenlan", account)


async def register(connection: Connection, merchant: GatewayMerchant, *, now: datetime) -> None:
    """Register a caller, or its new certificate; one without an institution becomes an app of its own.

    Raises `BadInput` for an institution that has no app.
    """
    m = merchant
    if m.institution not in {one.institution for one in await apps(connection)}:
        if not m.is_own:
            raise BadInput(f"--institution {m.institution}: there is no such app: institutions app add")
        own = App(m.institution, f"商户 {m.number}", f"Merchant {m.number}", _PER_SECOND, _PER_DAY, "active")
        await save_app(connection, own, now=now)
    row = [m.dialect, m.number, m.appid, m.institution, m.serial_no, m.public_key_pem, m.certificate_pem]
    await connection.execute(_SAVE, [*row, m.api_key_sealed, now, m.store_id])


async def merchant_of(connection: Connection, dialect: str, number: str) -> GatewayMerchant | None:
    """A registered caller."""
    row = await (await connection.execute(_FIND, [dialect, number])).fetchone()
    if row is None:
        return None
    dialect_, number_, appid, institution, serial_no, key, certificate, api_key, store_id = row
    return GatewayMerchant(
        dialect=dialect_,
        number=number_,
        appid=appid,
        institution=institution,
        serial_no=serial_no,
        public_key_pem=key,
        certificate_pem=certificate,
        api_key_sealed=api_key,
        store_id=store_id,
    )


async def lock_merchant(connection: Connection, merchant: GatewayMerchant) -> None:
    """Let nobody else change this merchant until the commit."""
    await connection.execute(_LOCK, [merchant.dialect, merchant.number])


async def give_store(connection: Connection, merchant: GatewayMerchant, store_id: UUID) -> None:
    """Let a merchant that has no store take its money at this one."""
    await connection.execute(_GIVE_STORE, [store_id, merchant.dialect, merchant.number])


async def behind_numbers(
    connection: Connection, dialect: str, numbers: list[str]
) -> dict[str, tuple[str, UUID | None]]:
    """The institution and the store of registered callers, by their numbers."""
    rows = await (await connection.execute(_STORES, [dialect, numbers])).fetchall()
    return {number: (institution, store_id) for number, institution, store_id in rows}


async def known_numbers(connection: Connection, dialect: str, numbers: list[str]) -> set[str]:
    """Those of some numbers that are registered."""
    rows = await (await connection.execute(_KNOWN, [dialect, numbers])).fetchall()
    return {row[0] for row in rows}


def read_certificate(content: bytes) -> tuple[str, str, str]:
    """Decimal serial, public key and certificate (both PEM) of an X.509 file in PEM or DER. Raises `BadInput`."""
    try:
        if b"-----BEGIN" in content:
            certificate = x509.load_pem_x509_certificate(content)
        else:
            certificate = x509.load_der_x509_certificate(content)
        key = certificate.public_key()
    except ValueError as error:
        raise BadInput(f"not an X.509 certificate in PEM or DER: {error}") from error
    if not isinstance(key, RSAPublicKey):
        raise BadInput("the certificate's key is not RSA")
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return str(certificate.serial_number), pem, certificate.public_bytes(Encoding.PEM).decode()


async def numbers_of(connection: Connection, dialect: str, store_id: UUID) -> list[str]:
    """The numbers under which a store speaks a dialect."""
    query = "select number from institutions.gateway_merchant where dialect = %s and store_id = %s order by number"
    return [row[0] for row in await (await connection.execute(query, [dialect, store_id])).fetchall()]
