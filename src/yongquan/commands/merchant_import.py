"""`yongquan merchants import`: a list of shops into the library."""

import asyncio
import gc
from collections.abc import Callable, Coroutine, Sequence
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from yongquan.commands.printing import print_document, say
from yongquan.kernel.errors import BadInput

if TYPE_CHECKING:
    from yongquan.flows.screen_library import Library
    from yongquan.merchants.library.model import Source
    from yongquan.merchants.library.views import ImportCard

ACTOR = "command:merchants"
_Told = TypeVar("_Told")


def import_list(  # noqa: PLR0917 - typer takes options as it finds them
    file: Annotated[Path, typer.Argument(help="CSV or .xlsx")],
    source: Annotated[str, typer.Option(help="code of who gives the list: small letters, digits, - and _")],
    column: Annotated[list[str] | None, typer.Option("--map", help="HEADING=COLUMN, as often as needed")] = None,
    errors: Annotated[Path | None, typer.Option(help="file to write the rows to that could not be read")] = None,
    kind: Annotated[str, typer.Option(help="of a new source: register, acquirer, map, survey, bureau")] = "other",
    given_by: Annotated[str, typer.Option(help="of a new source: who gives it")] = "",
    basis: Annotated[str, typer.Option(help="of a new source: licence or consent under which it is given")] = "",
    as_json: Annotated[bool, typer.Option("--json")] = False,
) -> None:
    """Take a list of shops into the library: matched against what is there, merged, screened."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise BadInput(f"{file}: cannot be read: {error.strerror or error}") from error
    wanted = _source(source, kind, given_by, basis)
    started = perf_counter()
    card, faulty = _within(
        lambda library: _take(library, wanted, file.name, content, column or (), known=bool(given_by))
    )
    if errors is not None and card.rows_bad:
        _write(errors, faulty)
    _report(card, seconds=perf_counter() - started, as_json=as_json)


def import_stores(as_json: Annotated[bool, typer.Option("--json")] = False) -> None:
    """Take our own stores into the library, so that shops of other lists are known for what they are."""
    started = perf_counter()
    card = _within(_take_stores)
    _report(card, seconds=perf_counter() - started, as_json=as_json)


def _within(work: Callable[["Library"], Coroutine[Any, Any, _Told]]) -> _Told:
    """Work with the library of the data directory."""
    from yongquan.app import load_regions
    from yongquan.flows.screen_library import Library
    from yongquan.plumbing.db import database_of, opened
    from yongquan.plumbing.keys import load_keys
    from yongquan.plumbing.migrate import migrate
    from yongquan.plumbing.sealing import Sealing
    from yongquan.plumbing.settings import read_settings

    settings = read_settings()

    async def run(conninfo: str) -> _Told:
        async with opened(conninfo, pool_size=2) as database:
            return await work(Library(database, Sealing(load_keys(settings.keys_dir)), load_regions()))

    gc.disable()  # millions of small objects and no cycles: looking for some takes longer than the work
    with database_of(settings) as conninfo:
        migrate(conninfo, cells=settings.cells)
        return asyncio.run(run(conninfo))


async def _take_stores(library: "Library") -> "ImportCard":
    from yongquan.flows.import_merchants import bring_own_stores
    from yongquan.plumbing.clock import wall_now

    return await bring_own_stores(library, actor=ACTOR, now=wall_now())


async def _take(
    library: "Library", wanted: "Source", name: str, content: bytes, wishes: Sequence[str], *, known: bool
) -> tuple["ImportCard", bytes]:
    from yongquan.flows.import_merchants import add_source, faults_file, stage_list, staged_file, take_list_in
    from yongquan.merchants.library.mapping import parse_mapping
    from yongquan.merchants.library.store import sources
    from yongquan.plumbing.clock import wall_now

    async with library.database.transaction() as connection:
        is_new = all(one.code != wanted.code for one in await sources(connection))
    if is_new and not (known and wanted.basis):
        raise BadInput(f"--source {wanted.code}: not known yet; say --given-by and --basis (licence or consent)")
    await add_source(library, wanted, actor=ACTOR, now=wall_now())
    card = await stage_list(library, wanted.code, name, content, actor=ACTOR, now=wall_now())
    if card.state != "done":
        _, file = await staged_file(library, card.import_id)
        mapping = parse_mapping(file, wishes)
        card = await take_list_in(library, card.import_id, mapping, actor=ACTOR, now=wall_now())
    return card, await faults_file(library, card.import_id) if card.rows_bad else b""


def _source(code: str, kind: str, given_by: str, basis: str) -> "Source":
    import re

    from yongquan.merchants.library.model import Source, SourceKind

    if not re.fullmatch("[a-z][a-z0-9_-]{0,39}", code):
        raise BadInput(f"--source {code}: write small letters, digits, - and _, a letter first")
    if kind not in set(SourceKind) - {SourceKind.OWN}:
        raise BadInput(f"--kind {kind}: write one of {', '.join(set(SourceKind) - {SourceKind.OWN})}")
    return Source(code, code, SourceKind(kind), given_by or code, basis or "-")


def _write(out: Path, content: bytes) -> None:
    try:
        out.write_bytes(content)
    except OSError as error:
        raise BadInput(f"{out}: cannot be written: {error.strerror or error}") from error


def _report(card: "ImportCard", *, seconds: float, as_json: bool) -> None:
    document: dict[str, Any] = {
        "import_id": str(card.import_id),
        "source": card.source,
        "file": card.file_name,
        "mapping": {h: c for h, c in zip(card.headings, card.mapping, strict=True) if c},
        "rows": card.rows_read,
        "bad_rows": card.rows_bad,
        "repeated_rows": card.rows_repeated,
        "kept_rows": card.rows_kept,
        "joined_rows": card.rows_joined,
        "new_shops": card.shops_new,
        "merged_shops": card.shops_merged,
        "pairs_for_a_person": card.near_found,
        "seconds": round(seconds, 1),
    }
    if as_json:
        print_document(document)
        return
    say(f"{card.rows_read:,} rows read, {card.rows_bad:,} of them not usable, {card.rows_repeated:,} given before.")
    say(f"{card.rows_joined:,} joined shops of the library, {card.shops_new:,} shops are new, "
        f"{card.shops_merged:,} merged; {card.near_found:,} pairs are for a person.")  # fmt: skip
