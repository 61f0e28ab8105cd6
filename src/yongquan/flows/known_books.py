"""Every rule book that ever judged here, by the version that verdicts cite."""

from yongquan.plumbing.db import Database
from yongquan.risk.rules.in_force import shipped_book, version_name
from yongquan.risk.rules.judging import CompiledBook
from yongquan.risk.rules.store import book_version


async def books_by_version(database: Database, cited: set[str]) -> dict[str, CompiledBook]:
    """The books of the versions cited; one that was never kept is left out."""
    shipped = shipped_book()
    known = {shipped.version: shipped}
    for version in sorted(cited - set(known)):
        number, _, _ = version.partition(":")
        async with database.transaction() as connection:
            kept = await book_version(connection, int(number)) if number.isdecimal() else None
        if kept is not None and version_name(kept.version_no, kept.digest) == version:
            known[version] = CompiledBook.of_text(kept.document, version=version)
    return known
