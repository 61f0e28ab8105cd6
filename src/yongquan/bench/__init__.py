"""Benchmarks: each starts its own database, measures its yardstick in the same run and prints ratios."""

from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Any, cast

from yongquan.kernel.errors import BadInput

# Name of the benchmark -> its module; the function in it is `bench_<name>`.
BENCHMARKS = {
    "claims": "yongquan.bench.claims",
    "draw": "yongquan.bench.draw",
    "faults": "yongquan.bench.faults",
    "gangs": "yongquan.bench.gangs",
    "import": "yongquan.bench.importing",
    "linkage": "yongquan.bench.linkage",
    "matching": "yongquan.bench.matching",
    "model": "yongquan.bench.model",
    "payments": "yongquan.bench.payments",
    "reconcile": "yongquan.bench.reconcile",
    "risk": "yongquan.bench.risk",
    "settle": "yongquan.bench.settle",
    "soldout": "yongquan.bench.soldout",
    "verification": "yongquan.bench.verification",
}
ON_DATA = frozenset({"linkage", "model"})


def run_benchmark(name: str, data: Path | None = None) -> dict[str, Any]:
    """The document of one benchmark, on public data in a folder if it takes any. Raises `BadInput` for another name."""
    if name not in BENCHMARKS:
        raise BadInput(f"there is no benchmark {name!r}: choose one of {', '.join(BENCHMARKS)}")
    if data is not None and name not in ON_DATA:
        raise BadInput(f"--data: bench {name} makes its own data")
    function = cast("Callable[..., dict[str, Any]]", getattr(import_module(BENCHMARKS[name]), f"bench_{name}"))
    return function(data) if name in ON_DATA else function()
