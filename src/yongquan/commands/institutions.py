"""`yongquan institutions`: apps of institutions, their keys, quotas of rounds, and where events are sent."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from datetime import datetime
from pathlib import Path
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from yongquan.commands.institution_risk import open_risk
from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.plumbing.clock import SHANGHAI, wall_now
from yongquan.plumbing.db import Connection, database_of, opened
from yongquan.plumbing.settings import read_settings

app = typer.Typer(no_args_is_help=True, help="Institutions' own apps: who may call, their quotas, their events.")
app_commands = typer.Typer(no_args_is_help=True, help="An institution's app and what it may call.")
key_commands = typer.Typer(no_args_is_help=True, help="The public keys that an app signs with.")
endpoint_commands = typer.Typer(no_args_is_help=True, help="Where an institution's signed callbacks go.")
platform_commands = typer.Typer(no_args_is_help=True, help="Independent platforms: shares and daily files.")
app.add_typer(app_commands, name="app")
app.add_typer(platform_commands, name="platform")
app.add_typer(key_commands, name="key")
app.add_typer(endpoint_commands, name="endpoint")
app.command("risk")(open_risk)

T = TypeVar("T")
KINDS = (
    *("voucher.claimed", "voucher.expired", "voucher.void"),
    *("payment.succeeded", "payment.failed", "payment.refunded"),
    *("order.succeeded", "order.failed", "order.closed", "order.refunded"),
    "risk.warning",
)


@app_commands.command("add")
def add_app(
    institution: Annotated[str, typer.Option(help="code, as in the directory of institutions")],
    name: Annotated[str, typer.Option(help="the app's name as citizens read it")],
    name_en: Annotated[str, typer.Option(help="the same in English")] = "",
    per_second: Annotated[int, typer.Option(min=1)] = 100,
    per_day: Annotated[int, typer.Option(min=1)] = 1_000_000,
) -> None:
    """Let an institution's app call the API, or change its limits."""
    from yongquan.institutions.apps import App, checked_code
    from yongquan.institutions.apps_store import save_app

    made = App(checked_code(institution), name, name_en or name, per_second, per_day, "active")
    run_in_transaction(lambda connection: save_app(connection, made, now=wall_now()))
    say(f"{institution} may call {per_second} times a second, {per_day} times a day. Next: institutions key add")


@key_commands.command("add")
def add_key(
    institution: Annotated[str, typer.Option()],
    key_id: Annotated[str, typer.Option(help="what the app writes as keyid")],
    public_key: Annotated[Path, typer.Option(help="ed25519 public key, PEM")],
    sandbox: Annotated[bool, typer.Option("--sandbox", help="opens the risk API's sandbox and nothing else")] = False,
) -> None:
    """Register a public key of an app; several may be good at once while one follows another."""
    from yongquan.institutions.apps_store import add_key as save_key
    from yongquan.institutions.apps_store import apps
    from yongquan.institutions.connectors.signatures import public_key as parsed

    try:
        pem = public_key.read_text()
        parsed(pem)
    except (OSError, UnicodeDecodeError, BadInput) as error:
        raise BadInput(f"{public_key}: give an ed25519 public key as PEM ({error})") from error

    async def save(connection: Connection) -> None:
        if institution not in {one.institution for one in await apps(connection)}:
            raise BadInput(f"--institution {institution}: there is no such app; add it first: institutions app add")
        mode = "test" if sandbox else "live"
        if not await save_key(connection, institution, key_id=key_id, public_key_pem=pem, now=wall_now(), mode=mode):
            raise BadInput(f"--key-id {key_id}: this id is taken; choose another")

    run_in_transaction(save)
    say(f"{key_id} of {institution} is registered{' for the sandbox' if sandbox else ''}.")


@key_commands.command("revoke")
def revoke(key_id: Annotated[str, typer.Argument()]) -> None:
    """End a key at once."""
    from yongquan.institutions.apps_store import revoke_key

    async def end(connection: Connection) -> None:
        if not await revoke_key(connection, key_id, now=wall_now()):
            raise BadInput(f"{key_id}: there is no such key that is good")

    run_in_transaction(end)
    say(f"{key_id} is revoked.")


@app.command()
def quota(
    round_id: Annotated[UUID, typer.Argument()],
    institution: Annotated[str, typer.Option()],
    share: Annotated[float, typer.Option(min=0.01, max=100, help="percent of each type of the round")],
    release_at: Annotated[
        datetime | None, typer.Option(help="when what is left goes back to everybody, Shanghai time")
    ] = None,
) -> None:
    """Reserve a share of a published round for an institution's app."""
    from yongquan.flows.reserve_quota import reserve_quota
    from yongquan.plumbing.clock import Clock
    from yongquan.vouchers.quotas import Moved

    at = release_at.replace(tzinfo=SHANGHAI) if release_at else None

    async def reserve(connection: Connection, cells: int) -> list[Moved]:
        clock = Clock()
        await clock.refresh(connection)
        return await reserve_quota(
            connection,
            round_id,
            institution=institution,
            share_bp=round(share * 100),
            release_at=at,
            cells=cells,
            now=clock.now(),
        )

    moved = _run_with_cells(reserve)
    pieces = sum(one.pieces for one in moved)
    say(f"{pieces} vouchers of {len(moved)} types are {institution}'s own.")


@platform_commands.command("add")
def add_platform(
    *,
    platform: Annotated[str, typer.Option(help="the platform's code")],
    name: Annotated[str, typer.Option()],
    funder: Annotated[str, typer.Option(help="id of the funder whose money it issues")],
    budget: Annotated[int, typer.Option(min=0, help="its share of the budget, yuan of face value")],
    name_en: Annotated[str, typer.Option()] = "",
    cap_per_person: Annotated[int | None, typer.Option(min=1, help="vouchers a person")] = None,
    cap_per_day: Annotated[int | None, typer.Option(min=1, help="yuan of face value issued a day")] = None,
) -> None:
    """Give an independent platform its share and caps, or change them."""
    from yongquan.flows.watch_platforms import set_share
    from yongquan.institutions.apps import checked_code
    from yongquan.institutions.platforms import Platform

    per_day_fen = None if cap_per_day is None else cap_per_day * 100
    made = Platform(checked_code(platform), name, name_en or name, funder, budget * 100, cap_per_person, per_day_fen)
    run_in_transaction(lambda connection: set_share(connection, made, by="command", now=wall_now()))
    say(f"{platform} may issue {budget} yuan of {funder}.")


@platform_commands.command("import")
def import_file(
    platform: Annotated[str, typer.Argument()],
    file: Annotated[Path, typer.Argument(help="its daily file (docs/platform-files.md)")],
    errors: Annotated[Path | None, typer.Option(help="where to write what is wrong, as CSV")] = None,
) -> None:
    """Take a platform's daily file in; the same file again changes nothing. Exit 1 if rows were refused."""
    from yongquan.flows.watch_platforms import import_platform_day
    from yongquan.institutions.platforms import errors_csv
    from yongquan.plumbing.keys import load_keys
    from yongquan.plumbing.sealing import Sealing

    try:
        body = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: cannot be read ({error.strerror})") from error
    sealing = Sealing(load_keys(read_settings().keys_dir))
    made = run_in_transaction(
        lambda connection: import_platform_day(
            connection, sealing, platform, body, name=file.name, by="command", now=wall_now()
        )
    )
    if errors is not None:
        errors.write_text(errors_csv(made.errors))
    print_document({"rows": made.rows, "taken": made.taken, "repeated": made.repeated, "errors": len(made.errors)})
    if made.errors:
        first = made.errors[0]
        sys.stderr.write(f"yongquan: {file}: line {first.line}: {first.field}: {first.message}\n")
        raise typer.Exit(1)


@endpoint_commands.command("add")
def add_endpoint(
    institution: Annotated[str, typer.Option(help="an institution's code, or store: and a store's id in hex")],
    url: Annotated[str, typer.Option(help="https://host/path")],
    kind: Annotated[list[str] | None, typer.Option(help="a kind of event; default: all that concern it")] = None,
    everything: Annotated[bool, typer.Option("--all", help="events of everybody: the operator's own systems")] = False,
) -> None:
    """Send an institution's events to an address; prints the secret once."""
    from yongquan.plumbing.keys import load_keys
    from yongquan.plumbing.sealing import Sealing
    from yongquan.plumbing.webhooks import NewEndpoint
    from yongquan.plumbing.webhooks import add_endpoint as save_endpoint

    sealing = Sealing(load_keys(read_settings().keys_dir))
    new = NewEndpoint(
        institution=institution, url=url, kinds=tuple(kind or KINDS), scope="all" if everything else "own"
    )
    endpoint_id, secret = run_in_transaction(lambda connection: save_endpoint(connection, new, sealing))
    print_document({"endpoint_id": str(endpoint_id), "secret": secret, "kinds": list(new.kinds)})


@endpoint_commands.command("list")
def list_endpoints() -> None:
    """Every endpoint with its deliveries, one JSON document a line."""
    from yongquan.plumbing.webhook_board import endpoints

    for one in run_in_transaction(endpoints):
        print_document(
            {
                "endpoint_id": str(one.endpoint_id),
                "institution": one.institution,
                "url": one.url,
                "kinds": one.kinds,
                "state": one.state,
                "waiting": one.waiting,
                "delivered": one.delivered,
                "dead": one.dead,
            }
        )


@endpoint_commands.command("pause")
def pause(endpoint_id: Annotated[UUID, typer.Argument()]) -> None:
    """Send it nothing until it is resumed."""
    from yongquan.plumbing.webhooks import pause_endpoint

    run_in_transaction(lambda connection: pause_endpoint(connection, endpoint_id))


@endpoint_commands.command("resume")
def resume(endpoint_id: Annotated[UUID, typer.Argument()]) -> None:
    """Send to it again."""
    from yongquan.plumbing.webhooks import resume_endpoint

    run_in_transaction(lambda connection: resume_endpoint(connection, endpoint_id))


@endpoint_commands.command("redeliver")
def redeliver(endpoint_id: Annotated[UUID, typer.Argument()]) -> None:
    """Try an endpoint's dead deliveries anew."""
    from yongquan.plumbing.webhooks import revive_dead

    say(f"{run_in_transaction(lambda connection: revive_dead(connection, endpoint_id))} deliveries are due again.")


@app.command()
def own_door(
    institution: Annotated[str, typer.Option(help="code of an institution that has an app")],
    channel: Annotated[str, typer.Option(help="provider or federation")],
) -> None:
    """Let an institution apply for shops' own vouchers, as a provider or a federation of commerce."""
    from yongquan.institutions.apps_store import apps
    from yongquan.vouchers.own_model import INSTITUTIONS_CHANNELS, Channel
    from yongquan.vouchers.own_store import open_door

    if channel not in INSTITUTIONS_CHANNELS:
        raise BadInput(f"--channel {channel}: provider or federation")

    async def save(connection: Connection) -> None:
        if institution not in {one.institution for one in await apps(connection)}:
            raise BadInput(f"--institution {institution}: there is no such app; add it first: institutions app add")
        await open_door(connection, institution, Channel(channel), now=wall_now())

    run_in_transaction(save)
    say(f"{institution} may apply for shops as a {channel}.")


def run_in_transaction(work: Callable[[Connection], Awaitable[T]]) -> T:
    """Do something in one transaction, beside a running server or not."""

    async def only_connection(connection: Connection, _: int) -> T:
        return await work(connection)

    return _run_with_cells(only_connection)


def _run_with_cells(work: Callable[[Connection, int], Awaitable[T]]) -> T:
    """Do something in one transaction, beside a running server or not; a refusal is bad input here."""
    from yongquan.plumbing.migrate import migrate

    settings = read_settings()

    async def run(conninfo: str, cells: int) -> T:
        async with opened(conninfo, pool_size=1) as database, database.transaction() as connection:
            return await work(connection, cells)

    with database_of(settings) as conninfo:
        cells = migrate(conninfo, cells=settings.cells)
        try:
            return asyncio.run(run(conninfo, cells))
        except Refusal as refusal:
            raise BadInput(str(refusal)) from refusal
