"""`yongquan gateway`: callers of the wire formats that others already speak."""

import asyncio
from pathlib import Path
from typing import Annotated

import typer

from yongquan.commands.printing import say
from yongquan.kernel.errors import BadInput
from yongquan.plumbing.clock import wall_now
from yongquan.plumbing.db import database_of, opened
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Callers of wire formats that others already speak.")
merchant_commands = typer.Typer(no_args_is_help=True, help="Who may call.")
app.add_typer(merchant_commands, name="merchant")


@merchant_commands.command("add")
def add(
    *,
    mchid: Annotated[str, typer.Option(help="merchant number, digits")],
    appid: Annotated[str, typer.Option()],
    serial_no: Annotated[str, typer.Option(help="serial of the merchant's certificate, hex")],
    public_key: Annotated[Path, typer.Option(help="its RSA public key, PEM")],
    institution: Annotated[str, typer.Option(help="the institution whose app it is; openids are its open ids")],
) -> None:
    """Register a v3 caller, or its new certificate."""
    from yongquan.institutions.apps_store import apps
    from yongquan.institutions.v3 import V3Merchant, checked_key, save_merchant
    from yongquan.plumbing.migrate import migrate

    try:
        pem = checked_key(public_key.read_text())
    except (OSError, UnicodeDecodeError, BadInput) as error:
        raise BadInput(f"--public-key {public_key}: {error}") from error
    if not mchid.isdecimal():
        raise BadInput(f"--mchid {mchid}: digits only")
    settings = read_settings()

    async def save(conninfo: str) -> None:
        async with opened(conninfo, pool_size=1) as database, database.transaction() as connection:
            if institution not in {one.institution for one in await apps(connection)}:
                raise BadInput(f"--institution {institution}: there is no such app: institutions app add")
            made = V3Merchant(mchid, appid, institution, serial_no, pem)
            await save_merchant(connection, made, now=wall_now())

    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        asyncio.run(save(conninfo))
    say(f"{mchid} may call /v3/marketing/favor as {institution}'s app.")


@app.command()
def certs(folder: Annotated[Path, typer.Argument(help="where to write sign.cer")]) -> None:
    """Write the certificate that v3 answers are signed with."""
    from cryptography.hazmat.primitives.serialization import Encoding

    from yongquan.institutions.v3 import load_seal

    seal = load_seal(read_settings().keys_dir)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "sign.cer").write_bytes(seal.certificate.public_bytes(Encoding.PEM))
    say(f"{folder / 'sign.cer'}: serial {seal.serial}")
