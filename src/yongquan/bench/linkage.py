"""`yongquan bench linkage --data FOLDER`: the matcher on public record-linkage data, without any tuning for it.

The data is not ours and not kept here; docs/matching.md says where it comes from and under which licence.
"""

import csv
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

from yongquan.bench.machine import describe_machine
from yongquan.kernel.errors import BadInput
from yongquan.merchants.matching.matcher import dedupe, link
from yongquan.merchants.matching.reading import Row

RESTAURANTS = ("fodors.csv", "zagats.csv", "matches_fodors_zagats.csv")
HOW = (
    "precision and recall of pairs of rows against the data's own truth; columns are given to the matcher as they are: "
    "restaurants name, address with city, phone and type; FEBRL name, address and social security number as licence, "
    "or without the number; nothing was trained or tuned on them"
)
Line = Mapping[str, str]


def bench_linkage(data: Path | None = None) -> dict[str, Any]:
    """Restaurants of two guides, and FEBRL's persons 3 and 4. Raises `BadInput` where the files are not there."""
    if data is None:
        raise BadInput("bench linkage: say --data FOLDER with the public files (docs/matching.md)")
    return {
        "fodors_zagats": _restaurants(data),
        "febrl4": _febrl_link(data, numbered=True),
        "febrl4_without_number": _febrl_link(data, numbered=False),
        "febrl3": _febrl_dedupe(data, numbered=True),
        "how": HOW,
        "machine": describe_machine(),
    }


def _restaurants(data: Path) -> dict[str, Any]:
    ours, theirs, truth = (_lines(data, name) for name in RESTAURANTS)
    left, right = [_restaurant(line) for line in ours], [_restaurant(line) for line in theirs]
    started = perf_counter()
    links, grouping = link(left, right)
    found = {(left[one.left].id, right[one.right].id) for one in links}
    true = {(line["fodors_id"], line["zagats_id"]) for line in truth}
    return _figures(len(found & true), len(found), len(true), perf_counter() - started, grouping.doubtful)


def _restaurant(line: Line) -> Row:
    return Row(line["id"], line["name"], _joined([line["addr"], line["city"]]), line["phone"], category=line["type"])


def _febrl_link(data: Path, *, numbered: bool) -> dict[str, Any]:
    left, right = ([_person(line, numbered) for line in _lines(data, f"dataset4{part}.csv")] for part in "ab")
    started = perf_counter()
    links, grouping = link(left, right)
    both = sum(_number(left[one.left]) == _number(right[one.right]) for one in links)
    return _figures(both, len(links), len(left), perf_counter() - started, grouping.doubtful)


def _febrl_dedupe(data: Path, *, numbered: bool) -> dict[str, Any]:
    rows = [_person(line, numbered) for line in _lines(data, "dataset3.csv")]
    started = perf_counter()
    grouping = dedupe(rows)
    seconds = perf_counter() - started
    truth = [_number(row) for row in rows]
    both = _pairs(zip(grouping.clusters, truth, strict=True))
    return _figures(both, _pairs(grouping.clusters), _pairs(truth), seconds, grouping.doubtful)


def _person(line: Line, numbered: bool) -> Row:
    street = f"{line['street_number']} {line['address_1']}".strip()
    address = _joined([street, line["address_2"], line["suburb"], line["postcode"], line["state"]])
    name = f"{line['given_name']} {line['surname']}".strip()
    return Row(line["rec_id"], name, address, licence=line["soc_sec_id"] if numbered else "")


def _number(row: Row) -> str:
    return row.id.split("-")[1]


def _joined(parts: Sequence[str]) -> str:
    return ", ".join(part for part in parts if part)


def _figures(both: int, found: int, true: int, seconds: float, doubtful: int) -> dict[str, Any]:
    precision, recall = both / max(found, 1), both / max(true, 1)
    return {
        "precision": round(precision, 4),
        "recall": round(recall, 4),
        "f1": round(2 * precision * recall / max(precision + recall, 1e-9), 4),
        "pairs_for_a_person": doubtful,
        "seconds": round(seconds, 2),
    }


def _pairs(labels: Iterable[object]) -> int:
    return sum(size * (size - 1) // 2 for size in Counter(labels).values())


def _lines(data: Path, name: str) -> list[Line]:
    """The lines of a file of this name anywhere below the folder. Raises `BadInput`."""
    file = next(iter(sorted(data.rglob(name))), None)
    if file is None:
        raise BadInput(f"{data}: there is no {name} below it")
    with file.open(encoding="utf-8", errors="replace", newline="") as opened:
        read = csv.DictReader(opened, skipinitialspace=True)
        return [{key: (cell or "").strip().strip("'`") for key, cell in line.items() if key} for line in read]
