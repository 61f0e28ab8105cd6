"""Of what kind a funder is, kept in memory: the kind never changes, and stacking asks for it at every payment."""

from collections.abc import Iterable

from yongquan.institutions.store import all_funders
from yongquan.plumbing.db import Database
from yongquan.vouchers.policies import GOVERNMENT


class FunderKinds:
    """Kinds by funder; the database is asked only about a funder that was not seen yet."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._kinds: dict[str, str] = {}

    async def any_public(self, funder_ids: Iterable[str]) -> bool:
        """Whether a government is among the funders."""
        return any([await self.of(funder_id) == GOVERNMENT for funder_id in sorted(funder_ids)])

    async def of(self, funder_id: str) -> str:
        """The funder's kind; an unknown funder counts as government, which stacks with the least."""
        if funder_id not in self._kinds:
            async with self._database.transaction() as connection:
                self._kinds |= {funder.funder_id: funder.kind for funder in await all_funders(connection)}
        return self._kinds.setdefault(funder_id, GOVERNMENT)
