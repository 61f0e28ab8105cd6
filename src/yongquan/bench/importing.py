"""`yongquan bench import`: four overlapping lists come into an empty library, one after another; what it took."""

import asyncio
import csv
import gc
import io
import resource
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from math import isnan
from time import perf_counter
from typing import Any

from yongquan.app import load_regions
from yongquan.bench.machine import describe_machine
from yongquan.bench.scratch import scratch
from yongquan.flows.import_merchants import add_source, stage_list, take_list_in
from yongquan.flows.screen_library import Library
from yongquan.merchants.library import views
from yongquan.merchants.library.apart import matching_process
from yongquan.merchants.library.model import Source, SourceKind
from yongquan.merchants.library.store import members_by_own_id
from yongquan.merchants.matching.reading import Row
from yongquan.plumbing.db import opened
from yongquan.plumbing.fresh import fresh_secret
from yongquan.plumbing.keys import Keys
from yongquan.plumbing.sealing import Sealing
from yongquan.simulation.merchant_fakes import with_fakes
from yongquan.simulation.merchant_lists import SOURCES, MerchantLists, overlapping_lists
from yongquan.simulation.merchant_world import WORLD

SEED = 20221
FAKES = 1_800
BAR_S = 120
KINDS = (SourceKind.REGISTER, SourceKind.ACQUIRER, SourceKind.MAP, SourceKind.SURVEY)
COLUMNS = {
    "编号": "id", "店名": "name", "地址": "address", "联系电话": "phone", "统一社会信用代码": "licence",
    "法定代表人": "legal_representative", "行业": "category", "经度": "lon", "纬度": "lat",
}  # fmt: skip
HOW = (
    "CSV bytes of four lists (held-out corruption, simulation/merchant_slips_held_out.py) to the committed, merged and "
    "screened library, one list after another, each matched against what is there; precision and recall are of pairs "
    "of rows in one shop against the generator's truth, fakes left out; a fake is a planted row of no real shop "
    "(simulation/merchant_fakes.py), caught where its shop's score is below the threshold; the sorting of the same "
    "rows by name is the yardstick"
)


def bench_import() -> dict[str, Any]:
    """Import, deduplicate and screen 93,000 shops out of four lists."""
    gc.disable()  # as the command does
    lists = with_fakes(overlapping_lists(seed=SEED, style="held-out"), seed=SEED, count=FAKES)
    files = {source: _csv(row for row, of in zip(lists.rows, lists.sources, strict=True) if of == at)
             for at, source in enumerate(SOURCES)}  # fmt: skip
    yardstick_s = _sorting(lists.rows)
    with scratch(with_sandbox=False) as made:
        measured = asyncio.run(_import(made.conninfo, files, lists))
    seconds = float(measured["seconds"])
    return {
        "shops": WORLD,
        "rows": len(lists.rows),
        **measured,
        "bar_s": BAR_S,
        "within_bar": seconds < BAR_S,
        "rows_per_s": round(len(lists.rows) / seconds),
        "sort_s": round(yardstick_s, 3),
        "ratio_sort": round(seconds / yardstick_s),
        "how": HOW,
        "machine": describe_machine(),
    }


async def _import(conninfo: str, files: dict[str, bytes], lists: MerchantLists) -> dict[str, Any]:
    now = datetime.now(UTC)
    sealing = Sealing(Keys(fresh_secret(), fresh_secret(), fresh_secret()))
    async with opened(conninfo, pool_size=2) as database:
        process = matching_process()
        library = Library(database, sealing, load_regions(), apart=process)
        for source, kind in zip(SOURCES, KINDS, strict=True):
            wanted = Source(source, source, kind, "bench", "generated")
            await add_source(library, wanted, actor="command:bench", now=now)
        steps, started, worked = {}, perf_counter(), _processor_s()
        for source, content in files.items():
            begun = perf_counter()
            card = await stage_list(library, source, f"{source}.csv", content, actor="command:bench", now=now)
            done = await take_list_in(library, card.import_id, card.mapping, actor="command:bench", now=now)
            steps[source] = {"rows": done.rows_kept, "new_shops": done.shops_new, "joined": done.rows_joined,
                             "merged": done.shops_merged, "seconds": round(perf_counter() - begun, 1)}  # fmt: skip
            _say(f"{source}: {steps[source]}")
        seconds = perf_counter() - started
        process.shutdown()
        cpu_seconds = _processor_s() - worked
        async with database.transaction() as connection:
            held = await members_by_own_id(connection)
            counts = await views.counts(connection)
    spent = {"seconds": round(seconds, 1), "cpu_seconds": round(cpu_seconds, 1)}
    return {**spent, "lists": steps, "library_shops": counts.shops,
            "pairs_for_a_person": counts.near, **_judged(lists, held)}  # fmt: skip


def _processor_s() -> float:
    """Processor seconds of this process and its ended children (not the database's)."""
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


def _judged(lists: MerchantLists, held: dict[str, tuple[str, str]]) -> dict[str, Any]:
    """Precision and recall of the merges; how many fakes were screened, and how many real shops."""
    real = [at for at, truth in enumerate(lists.truth) if truth >= 0]
    labels = [held[lists.rows[at].id][0] for at in real]
    truth = [lists.truth[at] for at in real]
    both = _pairs(zip(labels, truth, strict=True))
    fakes = [held[row.id] for row, number in zip(lists.rows, lists.truth, strict=True) if number < 0]
    caught = sum(verdict == "doubtful" for _, verdict in fakes)
    shops = {held[lists.rows[at].id] for at in real}
    wrongly = sum(verdict == "doubtful" for _, verdict in shops)
    return {
        "precision": round(both / max(_pairs(labels), 1), 5),
        "recall": round(both / max(_pairs(truth), 1), 4),
        "fakes": len(fakes),
        "fakes_caught": caught,
        "real_shops_screened": wrongly,
        "real_shops_screened_share": round(wrongly / len(shops), 4),
    }


def _pairs(labels: Iterable[object]) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(labels).values())


def _csv(rows: Iterable[Row]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        cells = [getattr(row, column) for column in COLUMNS.values()]
        writer.writerow("" if isinstance(cell, float) and isnan(cell) else cell for cell in cells)
    return out.getvalue().encode()


def _sorting(rows: Sequence[Row]) -> float:
    started = perf_counter()
    sorted(rows, key=lambda row: (row.name, row.address))
    return perf_counter() - started


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
