"""A list of shops comes into the library: kept as it is, read through a mapping, matched, placed and screened.

A file is staged first (kept with its hash, nothing else), then taken in. The matching runs in a process of its own,
outside any transaction; if people change the library meanwhile, it is done again.
"""

import asyncio
import csv
import hashlib
import io
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from yongquan.flows.screen_library import Library, known_of_stores, rescore
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.kernel.ids import named_id
from yongquan.merchants.library import store, views
from yongquan.merchants.library.apart import decide
from yongquan.merchants.library.mapping import (
    FAULT_WORDS,
    ListFile,
    check_mapping,
    guess_mapping,
    read_file,
    read_rows,
    write_faults,
)
from yongquan.merchants.library.model import (
    KeptRow,
    Source,
    SourceKind,
    UnknownShop,
    own_shop_of,
    row_id_of,
)
from yongquan.merchants.library.store import NewRow
from yongquan.merchants.library.views import ImportCard
from yongquan.merchants.matching.reading import Row
from yongquan.plumbing.audit import AuditEntry, Fact, append
from yongquan.staff import Role

Facts = dict[str, Fact]
LIBRARY_ROLES = (Role.BUREAU_OFFICER, Role.OPERATOR, Role.ADMIN)
RUN_MAX = timedelta(minutes=20)  # a run that has not ended by then died
TRIES = 3
FILE_MAX = 64 * 1024 * 1024
TEXT_MAX = 200


OWN = Source("own", "本平台门店", SourceKind.OWN, "本平台", "门店登记")


class ImportRunning(Refusal):
    """Another list is being taken in: one at a time."""

    code = "import_running"


async def add_source(library: Library, source: Source, *, actor: str, now: datetime) -> None:
    """Note who gives us a list and under which licence or consent; a known code is left as it is. Raises `BadInput`."""
    for name, text in (("name", source.name), ("given_by", source.given_by), ("basis", source.basis)):
        if not 1 <= len(text) <= TEXT_MAX:
            raise BadInput(f"{name} of the source has {len(text)} characters: write 1 to {TEXT_MAX}")
    async with library.database.transaction() as connection:
        if await store.save_source(connection, source, actor=actor, now=now):
            facts: Facts = {"name": source.name, "kind": source.kind.value, "basis": source.basis}
            entry = AuditEntry(actor=actor, action="library.source_added", subject=f"list:{source.code}", after=facts)
            await append(connection, entry, now=now)


async def stage_list(
    library: Library, source: str, name: str, content: bytes, *, actor: str, now: datetime
) -> ImportCard:
    """Keep a file as it came. The same file of the same source again is answered as before. Raises `BadInput`."""
    if len(content) > FILE_MAX:
        raise BadInput(f"{name}: larger than {FILE_MAX >> 20} MB; split the list")
    digest = hashlib.sha256(content).digest()
    import_id = named_id("list", source, digest.hex())
    async with library.database.transaction() as connection:
        if all(one.code != source for one in await store.sources(connection)):
            raise BadInput(f"there is no source {source!r}")
        if (before := await views.import_card(connection, import_id)) is not None:
            return before
    file = await asyncio.to_thread(read_file, name, content)
    mapping = guess_mapping(file)
    sealed = library.sealing.seal_bytes(content, what="list file")
    async with library.database.transaction() as connection:
        await store.stage_import(
            connection,
            import_id,
            source=source,
            file_name=name[:TEXT_MAX],
            sha256=digest,
            sealed=sealed,
            headings=file.headings,
            mapping=mapping,
            rows=(len(file.lines), 0),
            actor=actor,
            now=now,
        )
        card = await views.import_card(connection, import_id)
    if card is None:
        raise UnknownShop
    return card


async def staged_file(library: Library, import_id: UUID) -> tuple[ImportCard, ListFile]:
    """A kept file, read again. Raises `UnknownShop`."""
    async with library.database.transaction() as connection:
        card = await views.import_card(connection, import_id)
        sealed = await views.file_of(connection, import_id)
    if card is None or sealed is None:
        raise UnknownShop
    content = library.sealing.open_bytes(sealed, what="list file")
    return card, await asyncio.to_thread(read_file, card.file_name, content)


async def faults_file(library: Library, import_id: UUID, reasons: Mapping[str, str] = FAULT_WORDS) -> bytes:
    """The rows that could not be read, in the file's format with a column of reasons, to be mended and sent again."""
    _, file = await staged_file(library, import_id)
    async with library.database.transaction() as connection:
        faults = await views.faults_of(connection, import_id)
    return await asyncio.to_thread(write_faults, file, faults, reasons)


async def bring_own_stores(library: Library, *, actor: str, now: datetime) -> ImportCard:
    """Take our own stores in as a list of their own, so that shops of other lists are known for what they are."""
    async with library.database.transaction() as connection:
        rows = await views.own_stores(connection)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(("id", "name", "address", "licence", "category", "lon", "lat"))
    writer.writerows(rows)
    await add_source(library, OWN, actor=actor, now=now)
    card = await stage_list(library, OWN.code, "stores.csv", out.getvalue().encode(), actor=actor, now=now)
    done = await take_list_in(library, card.import_id, card.mapping, actor=actor, now=now)
    async with library.database.transaction() as connection:
        await rescore(library, connection, await views.shops_of_import(connection, done.import_id), now=now)
    return done


async def take_list_in(
    library: Library, import_id: UUID, mapping: Sequence[str], *, actor: str, now: datetime
) -> ImportCard:
    """Read, match, place and screen a staged file; one that was taken in is answered as before.

    Raises `UnknownShop`, `BadInput` for a mapping that does not fit, `ImportRunning`.
    """
    card, file = await staged_file(library, import_id)
    if card.state == "done":
        return card
    read = await asyncio.to_thread(read_rows, file, check_mapping(file, mapping))
    async with library.database.transaction() as connection:
        if not await store.begin_import(
            connection, import_id, mapping, bad=read.bad_lines, now=now, dead=now - RUN_MAX
        ):
            raise ImportRunning
        await store.keep_errors(connection, import_id, read.faults)
    try:
        rows = await _new_rows(library, card, read.rows)
        await _take_in(library, card, rows, repeated=len(read.rows) - len(rows), actor=actor, now=now)
    except BaseException:
        async with library.database.transaction() as connection:
            await store.give_up_import(connection, import_id)
        raise
    async with library.database.transaction() as connection:
        done = await views.import_card(connection, import_id)
    return done or card


async def _new_rows(library: Library, card: ImportCard, rows: Sequence[tuple[int, Row]]) -> list[NewRow]:
    """The rows that the source did not give before, each content once."""
    fresh: dict[bytes, NewRow] = {}
    for line, row in rows:
        content = library.sealing.index(store.cells_of(row), what="list row")
        fresh.setdefault(content, NewRow(row_id_of(card.import_id, line), line, content, row))
    async with library.database.transaction() as connection:
        had = await store.contents_had(connection, card.source, list(fresh))
    return [row for content, row in fresh.items() if content not in had]


async def _take_in(
    library: Library, card: ImportCard, rows: Sequence[NewRow], *, repeated: int, actor: str, now: datetime
) -> None:
    fresh = [
        KeptRow(new.row_id, own_shop_of(new.row_id), card.source, card.kind, card.made_at, new.row) for new in rows
    ]
    for _ in range(TRIES):
        async with library.database.transaction() as connection:
            version = await store.library_version(connection)
            shelf = await store.shelf(connection, library.sealing)
            known = await known_of_stores(library, connection, shelf.stores, now=now)
        placed, scores = await asyncio.to_thread(decide, shelf, fresh, library.regions, known, library.apart)
        async with library.database.transaction() as connection:
            if await store.change_library(connection) != version:
                continue
            await store.keep_rows(connection, card.import_id, card.source, rows, library.sealing)
            stores = {placed.shop_of[one.row_id]: UUID(one.row.id) for one in fresh if one.kind is SourceKind.OWN}
            await store.keep_placement(connection, placed, stores, import_id=card.import_id, now=now)
            await store.keep_scores(connection, scores, now=now)
            await store.finish_import(
                connection, card.import_id, repeated=repeated, kept=len(rows), placed=placed, now=now
            )
            facts: Facts = {"file": card.file_name, "rows": len(rows), "shops": len(placed.new_shops)}
            subject = f"import:{card.import_id}"
            entry = AuditEntry(actor=actor, action="library.imported", subject=subject, after=facts)
            await append(connection, entry, now=now)
        return
    raise ImportRunning
