"""`yongquan bench matching`: precision, recall and seconds of the matcher on generated lists, and how measured."""

import resource
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import replace
from math import nan
from time import perf_counter, process_time
from typing import Any

from yongquan.bench.machine import describe_machine
from yongquan.merchants.matching.matcher import dedupe, link
from yongquan.merchants.matching.reading import Row
from yongquan.simulation.merchant_lists import MerchantLists, Style, overlapping_lists
from yongquan.simulation.merchant_world import WORLD

SEED = 20220
SMALL = 8_000
KEPT = {
    "name and address": {"name", "address"},
    "name and phone": {"name", "phone"},
    "without licence and person": {"name", "address", "phone", "category", "lon", "lat"},
}
HOW = (
    "pairs of rows: precision = true pairs among those put in one cluster, recall = those found among all true pairs; "
    "the truth is the generator's (simulation/merchant_world.py, successors behind one door, second shops of an owner, "
    "chains, markets and malls included); 'held-out' lists are corrupted by simulation/merchant_slips_held_out.py, "
    "which the matcher was not tuned on; seconds cover parsing to clusters, not reading files"
)


def bench_matching() -> dict[str, Any]:
    """The whole world in both styles of corruption, smaller ones with columns missing, and two lists linked."""
    styles: tuple[Style, ...] = ("beside", "held-out")
    whole = {style: _measure(overlapping_lists(seed=SEED, style=style), style) for style in styles}
    small = overlapping_lists(seed=SEED + 1, shops=SMALL, style="held-out")
    columns = {
        name: _measure(MerchantLists(_only(small.rows, kept), small.sources, small.truth), name)
        for name, kept in KEPT.items()
    }
    return {
        "shops": WORLD,
        "four_lists": whole,
        "held_out_with_few_columns": columns,
        "held_out_two_lists": _measure_link(small),
        "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "how": HOW,
        "machine": describe_machine(),
    }


def _measure(lists: MerchantLists, name: str) -> dict[str, Any]:
    started, worked = perf_counter(), process_time()
    grouping = dedupe(lists.rows)
    seconds, cpu_seconds = perf_counter() - started, process_time() - worked
    both = _pairs(zip(grouping.clusters, lists.truth, strict=True))
    found, true = _pairs(grouping.clusters), _pairs(lists.truth)
    figures = _figures(both, found, true)
    rows = len(lists.rows)
    _say(f"{name}: {rows:,} rows, {figures}, {seconds:.1f} s")
    return {
        "rows": rows,
        **figures,
        "seconds": round(seconds, 1),
        "cpu_seconds": round(cpu_seconds, 1),
        "seconds_per_100k_rows": round(seconds / rows * 100_000, 1),
        "candidate_pairs": grouping.candidates,
        "pairs_for_a_person": grouping.doubtful,
    }


def _measure_link(lists: MerchantLists) -> dict[str, Any]:
    """The acquirer's list against the map's: neither has many licences, the map has none."""
    ours, theirs = ([at for at, source in enumerate(lists.sources) if source == wanted] for wanted in (1, 2))
    links, _ = link([lists.rows[at] for at in ours], [lists.rows[at] for at in theirs])
    right = sum(lists.truth[ours[one.left]] == lists.truth[theirs[one.right]] for one in links)
    tally = Counter(lists.truth[at] for at in theirs)
    figures = _figures(right, len(links), sum(tally[lists.truth[at]] for at in ours))
    expected = sum(1 - one.score for one in links)
    _say(f"two lists: {figures}")
    return {**figures, "wrong_pairs": len(links) - right, "wrong_pairs_by_the_scores": round(expected, 1)}


def _figures(both: int, found: int, true: int) -> dict[str, float]:
    return {"precision": round(both / max(found, 1), 5), "recall": round(both / max(true, 1), 4)}


def _pairs(labels: Iterable[object]) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(labels).values())


def _only(rows: Sequence[Row], kept: set[str]) -> list[Row]:
    gone = {"name", "address", "phone", "licence", "legal_representative", "category"} - kept
    blank: dict[str, Any] = dict.fromkeys(gone, "") | ({} if "lon" in kept else {"lon": nan, "lat": nan})
    return [replace(row, **blank) for row in rows]


def _say(sentence: str) -> None:
    sys.stderr.write(sentence + "\n")
