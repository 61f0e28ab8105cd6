"""`yongquan gateway`: callers of the wire formats that others already speak."""

import asyncio
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from yongquan.commands.printing import print_document, say
from yongquan.institutions.gateway import ACP, OWN_PREFIX, V3, GatewayMerchant, read_certificate, register
from yongquan.institutions.gateway import funder_of as account_of
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.keys import load_keys
from yongquan.plumbing.sealing import Sealing
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Callers of wire formats that others already speak.")
merchant_commands = typer.Typer(no_args_is_help=True, help="Who may call.")
app.add_typer(merchant_commands, name="merchant")
coupon_commands = typer.Typer(no_args_is_help=True, help="Callers in the coupon platform's shape.")
app.add_typer(coupon_commands, name="coupon")


@merchant_commands.command("add")
def add(
    *,
    mchid: Annotated[str, typer.Option(help="v3 merchant number, digits")] = "",
    appid: Annotated[str, typer.Option(help="v3: the app its openids belong to")] = "",
    serial_no: Annotated[str, typer.Option(help="v3: serial of the merchant's certificate, hex")] = "",
    public_key: Annotated[Path | None, typer.Option(help="v3: its RSA public key, PEM")] = None,
    api_key: Annotated[Path | None, typer.Option(help="v3: file with its API v3 key, 32 characters")] = None,
    institution: Annotated[str, typer.Option(help="v3: an institution whose app it is; without, it is its own")] = "",
    store: Annotated[
        list[str] | None, typer.Option(help="a store of the merchant; v3: repeat for more, takings go to the first")
    ] = None,
    mer_id: Annotated[str, typer.Option(help="ACP merchant number (merId)")] = "",
    cert: Annotated[Path | None, typer.Option(help="ACP: the merchant's certificate, .cer")] = None,
    secure_key: Annotated[Path | None, typer.Option(help="ACP: file with its key of methods 11 and 12")] = None,
) -> None:
    """Register a v3 merchant (--mchid) or an ACP merchant (--mer-id), or its new certificate."""
    if bool(mchid) == bool(mer_id):
        raise BadInput("give --mchid with --appid, --serial-no and --public-key, or --mer-id with --cert")
    v3 = (mchid, appid, serial_no, public_key, institution)
    merchant = _acp_merchant(mer_id, cert) if mer_id else _v3_merchant(*v3)
    stores = [_id(one) for one in store or []]
    if merchant.dialect == ACP:
        _admit(merchant, secure_key, stores)
    else:
        _save(merchant, api_key, stores)
    if merchant.dialect == V3:
        say(f"{mchid} may call /v3 as {merchant.institution}. Funder of its cash coupons: {OWN_PREFIX}{mchid}.")
    else:
        say(f"{mer_id} is registered with certificate {merchant.serial_no}.")


@app.command()
def certs(folder: Annotated[Path, typer.Argument(help="where to write them")]) -> None:
    """Write root.cer, middle.cer, sign.cer and encrypt.cer (PEM) for clients."""
    from yongquan.institutions.certificates import NAMES, load_chain

    keys_dir = read_settings().keys_dir
    chain = load_chain(keys_dir, Sealing(load_keys(keys_dir)))
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in NAMES:
            (folder / f"{name}.cer").write_bytes(chain.pem(name))
    except OSError as error:
        raise BadInput(f"{folder}: {error}") from error
    serial = chain.certificates["sign"].serial_number
    say(f"{folder}: root.cer, middle.cer, sign.cer (serial {serial}, in hex {serial:X}), encrypt.cer")


def _v3_merchant(mchid: str, appid: str, serial_no: str, public_key: Path | None, institution: str) -> GatewayMerchant:
    from yongquan.institutions.v3 import checked_key

    if not (mchid.isdecimal() and mchid.isascii() and len(mchid) <= 32):
        raise BadInput(f"--mchid {mchid}: digits only, at most 32")
    if not appid:
        raise BadInput("--appid: name the app that its openids belong to")
    if not serial_no or set(serial_no.upper()) - set("0123456789ABCDEF"):
        raise BadInput(f"--serial-no {serial_no}: hexadecimal digits only")
    if public_key is None:
        raise BadInput("--public-key: name the file of the merchant's RSA public key")
    try:
        pem = checked_key(public_key.read_text())
    except (OSError, UnicodeDecodeError, BadInput) as error:
        raise BadInput(f"--public-key {public_key}: {error}") from error
    return GatewayMerchant(
        dialect=V3,
        number=mchid,
        appid=appid,
        institution=institution or f"{OWN_PREFIX}{mchid}",
        serial_no=serial_no.upper(),
        public_key_pem=pem,
    )


def _acp_merchant(mer_id: str, cert: Path | None) -> GatewayMerchant:
    if not (mer_id.isalnum() and mer_id.isascii() and len(mer_id) <= 32):
        raise BadInput(f"--mer-id {mer_id}: letters and digits only, at most 32")
    if cert is None:
        raise BadInput("--cert: name the file of the merchant's certificate")
    try:
        serial, key, pem = read_certificate(cert.read_bytes())
    except (OSError, BadInput) as error:
        raise BadInput(f"--cert {cert}: {error}") from error
    return GatewayMerchant(
        dialect=ACP,
        number=mer_id,
        institution=f"{OWN_PREFIX}{mer_id.lower()}",
        serial_no=serial,
        public_key_pem=key,
        certificate_pem=pem,
    )


def _admit(merchant: GatewayMerchant, secure_key: Path | None, stores: list[UUID]) -> None:
    from yongquan.app import running
    from yongquan.flows.admit_acp_merchant import admit
    from yongquan.institutions.acp.secrets import SEALED_AS
    from yongquan.plumbing.migrate import migrate
    from yongquan.simulation.outside_world import outside_world

    settings, secret = read_settings(), b""
    if len(stores) > 1:
        raise BadInput("--store: an ACP merchant has one store")
    if secure_key is not None:
        try:
            text = secure_key.read_text().strip()
        except (OSError, UnicodeDecodeError) as error:
            raise BadInput(f"--secure-key {secure_key}: {error}") from error
        secret = Sealing(load_keys(settings.keys_dir)).seal(text, what=SEALED_AS)

    async def run(conninfo: str, cells: int) -> None:
        async with running(settings, conninfo, cells=cells, pool_size=2) as platform:
            known = replace(merchant, api_key_sealed=secret or None, store_id=stores[0] if stores else None)
            await admit(platform.database, platform.links, known, cells=cells, now=wall_now())

    with database_of(settings) as conninfo, ExitStack() as around:
        if settings.database_url is None:
            around.enter_context(outside_world(settings))
        cells = migrate(conninfo, cells=settings.cells)
        asyncio.run(run(conninfo, cells))


def _id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise BadInput(f"--store {text}: not a store's id") from error


def _save(merchant: GatewayMerchant, api_key: Path | None, stores: list[UUID]) -> None:
    from yongquan.flows.fund_campaign import open_books
    from yongquan.institutions.v3 import checked_api_key
    from yongquan.merchants.groups import ShopGroup, save_group
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()
    if api_key is not None:
        try:
            secret = checked_api_key(api_key.read_text())
        except (OSError, UnicodeDecodeError, BadInput) as error:
            raise BadInput(f"--api-key {api_key}: {error}") from error
        sealed = Sealing(load_keys(settings.keys_dir)).seal(secret, what="api v3 key")
        merchant = replace(merchant, api_key_sealed=sealed)

    async def save(conninfo: str, cells: int) -> None:
        async with opened(conninfo, pool_size=1) as database, database.transaction() as connection:
            if merchant.dialect == V3:
                funder = account_of(merchant.number)
                await open_books(connection, [], [funder], cells=cells, now=wall_now())
                if stores:
                    group = ShopGroup(f"{OWN_PREFIX}{merchant.number}", funder.name, funder.name_en)
                    if await save_group(connection, group, stores) < len(set(stores)):
                        raise BadInput("--store: there is no such store")
            # The first store named is the one that its orders' money is for.
            await register(connection, replace(merchant, store_id=stores[0] if stores else None), now=wall_now())

    with database_of(settings) as conninfo:
        cells = migrate(conninfo, cells=settings.cells)
        asyncio.run(save(conninfo, cells))


@coupon_commands.command("add")
def add_coupon_app(
    *,
    app_id: Annotated[str, typer.Option(help="what the caller sends as appId")],
    institution: Annotated[str, typer.Option(help="the institution whose app it is; openId is its open id")],
    public_key: Annotated[Path, typer.Option(help="its RSA public key, PEM")],
    notify_url: Annotated[str, typer.Option(help="where notices of its coupons go")] = "",
) -> None:
    """Register a caller (again: new secrets); prints its secret and its symmetric key, once."""
    from yongquan.institutions.apps_store import apps
    from yongquan.institutions.coupon_apps import fresh_app
    from yongquan.institutions.coupon_store import save_app
    from yongquan.institutions.v3 import checked_key
    from yongquan.plumbing.keys import load_keys
    from yongquan.plumbing.migrate import migrate
    from yongquan.plumbing.sealing import Sealing
    from yongquan.plumbing.webhooks import NewEndpoint, add_endpoint

    try:
        pem = checked_key(public_key.read_text())
    except (OSError, UnicodeDecodeError, BadInput) as error:
        raise BadInput(f"--public-key {public_key}: {error}") from error
    if not (app_id.isascii() and app_id.isalnum() and len(app_id) <= 64):
        raise BadInput(f"--app-id {app_id}: 1 to 64 letters and digits")
    settings = read_settings()
    made, sealing = fresh_app(app_id, institution, pem), Sealing(load_keys(settings.keys_dir))
    told: dict[str, object] = {"app_id": app_id, "secret": made.secret, "symmetric_key": made.symmetric_key}

    async def save(conninfo: str) -> None:
        async with opened(conninfo, pool_size=1) as database, database.transaction() as connection:
            if institution not in {one.institution for one in await apps(connection)}:
                raise BadInput(f"--institution {institution}: there is no such app: institutions app add")
            if not await save_app(connection, made, sealing, now=wall_now()):
                raise BadInput(f"--app-id {app_id}: it is another institution's")
            if notify_url:
                where = NewEndpoint(institution=institution, url=notify_url, kinds=("coupon",), shape="coupon")
                endpoint_id, secret = await add_endpoint(connection, where, sealing)
                told.update(endpoint_id=str(endpoint_id), notify_secret=secret)

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        asyncio.run(save(conninfo))
    print_document(told)
