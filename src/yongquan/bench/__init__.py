"""Benchmarks: each starts its own database, measures its yardstick in the same run and prints ratios."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, cast

from yongquan.kernel.errors import BadInput

# Name of the benchmark -> its module; the function in it is `bench_<name>`.
BENCHMARKS = {
    "claims": "yongquan.bench.claims",
    "draw": "yongquan.bench.draw",
    "faults": "yongquan.bench.faults",
    "import": "yongquan.bench.importing",
    "matching": "yongquan.bench.matching",
    "payments": "yongquan.bench.payments",
    "reconcile": "yongquan.bench.reconcile",
    "settle": "yongquan.bench.settle",
    "soldout": "yongquan.bench.soldout",
}


def run_benchmark(name: str) -> dict[str, Any]:
    """The document of one benchmark. Raises `BadInput` if there is none of that name."""
    if name not in BENCHMARKS:
        raise BadInput(f"there is no benchmark {name!r}: choose one of {', '.join(BENCHMARKS)}")
    function = cast("Callable[[], dict[str, Any]]", getattr(import_module(BENCHMARKS[name]), f"bench_{name}"))
    return function()
