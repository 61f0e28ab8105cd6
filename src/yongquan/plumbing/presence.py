"""One server a data directory: a second one is told so, in words, before it touches anything."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from yongquan.kernel.errors import BadInput


@contextmanager
def serving_alone(data_dir: Path) -> Iterator[None]:
    """Hold the directory's server lock inside the block. Raises `BadInput` if another server holds it."""
    data_dir.mkdir(parents=True, exist_ok=True)
    with (data_dir / "serve.lock").open("a+") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            handle.seek(0)
            holder = handle.read().strip() or "another process"
            raise BadInput(
                f"a server already runs on {data_dir} (process {holder}): "
                "stop it, or set YONGQUAN_DATA_DIR to another folder"
            ) from None
        handle.truncate(0)
        handle.write(str(os.getpid()))
        handle.flush()
        yield
