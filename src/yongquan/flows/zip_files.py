"""A zip of files that anybody can check: a manifest and SHA256SUMS name each file's hash."""

import csv
import hashlib
import io
import json
import zipfile
from collections.abc import Iterable, Mapping, Sequence

_EPOCH = (1980, 1, 1, 0, 0, 0)


def zip_files(files: Mapping[str, bytes], facts: Mapping[str, object]) -> bytes:
    """The files with `manifest.json` (the facts and each file's SHA-256 and size) and `SHA256SUMS`."""
    listed = [
        {"name": name, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
        for name, content in sorted(files.items())
    ]
    sums = "".join(f"{one['sha256']}  {one['name']}\n" for one in listed)
    manifest = json.dumps({**facts, "files": listed}, ensure_ascii=False, indent=1)
    whole = {**files, "manifest.json": manifest.encode(), "SHA256SUMS": sums.encode()}
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in sorted(whole.items()):
            packed.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return written.getvalue()


def as_csv(head: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """A table for spreadsheets: UTF-8 with its mark; nothing in it is taken for a formula."""
    written = io.StringIO()
    lines = csv.writer(written)
    lines.writerow(head)
    lines.writerows([_plain(cell) for cell in row] for row in rows)
    return written.getvalue().encode("utf-8-sig")


def as_json(document: object) -> bytes:
    """A document as JSON that people can read."""
    return json.dumps(document, ensure_ascii=False, indent=1, default=str).encode()


def _plain(cell: object) -> object:
    return f"'{cell}" if isinstance(cell, str) and cell[:1] in {"=", "+", "-", "@", "\t", "\r"} else cell
