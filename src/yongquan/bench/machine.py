"""The machine a figure was measured on, and what its disk takes to make a write durable."""

import os
import platform
import re
import subprocess
from pathlib import Path

from yongquan.plumbing.embedded import binaries


def describe_machine() -> dict[str, object]:
    """Processor, cores, memory and kernel, so that a figure can be read."""
    cpu = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory_kib = re.search(r"MemTotal:\s*(\d+)", Path("/proc/meminfo").read_text())
    return {
        "cpu": cpu.group(1) if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gib": round(int(memory_kib.group(1)) / 2**20, 1) if memory_kib else None,
        "kernel": platform.release(),
        "python": platform.python_version(),
    }


def measure_fsync_us(folder: Path) -> float:
    """Microseconds of one 8 KiB write with fdatasync in `folder`, by PostgreSQL's own pg_test_fsync."""
    said = subprocess.run(  # noqa: S603 - the wheel's program
        [str(binaries() / "pg_test_fsync"), "-s", "1", "-f", str(folder / "fsync.test")],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    found = re.search(r"fdatasync\s+[\d.]+ ops/sec\s+(\d+) usecs/op", said)
    if found is None:
        raise ValueError(f"pg_test_fsync said nothing of fdatasync:\n{said}")
    return float(found.group(1))
