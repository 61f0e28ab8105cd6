"""Many campaign documents come in at once: each campaign all or nothing, a repeat changes nothing."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from yongquan import ledger
from yongquan.flows.change_campaign import (
    Maker,
    Surroundings,
    approve_version,
    check_text,
    submit_version,
    write_version,
)
from yongquan.kernel.errors import BadInput, Refusal
from yongquan.plumbing.db import Database
from yongquan.staff import Staff
from yongquan.vouchers.documents import BadDocument
from yongquan.vouchers.documents_faults import Fault
from yongquan.vouchers.documents_versions import VersionState


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file: checked, submitted, applied, unchanged, waiting or refused."""

    file: str
    outcome: str
    code: str = ""
    version: int = 0
    rounds: int = 0
    types: int = 0
    problem: str = ""
    faults: tuple[Fault, ...] = ()


@dataclass(frozen=True, slots=True)
class SeasonImport:
    """How a season is taken in: by whom, into what surroundings, and who approves (None: later, at the console)."""

    database: Database
    maker: Maker
    around: Surroundings
    cells: int
    checker: Staff | None = None
    dry: bool = False

    async def run(
        self, documents: Mapping[str, str], *, now: datetime, step: Callable[[Imported], None]
    ) -> Sequence[Imported]:
        """Take every document (file name: text) in; one that is refused leaves the others alone."""
        outcomes = []
        for file, text in documents.items():
            outcomes.append(await self._one(file, text, now=now))
            step(outcomes[-1])
        return outcomes

    async def _one(self, file: str, text: str, *, now: datetime) -> Imported:
        try:
            async with self.database.transaction() as connection:
                document = await check_text(connection, text, self.around, file=file)
                rounds, types = len(document.rounds), len(document.types)
                if self.dry:
                    return Imported(file, "checked", document.campaign.code, 0, rounds, types)
                version = await write_version(connection, self.maker, text, self.around, file=file, now=now)
                before = version.state
                if version.state is VersionState.DRAFT:
                    version = await submit_version(connection, self.maker, version.code, version.number, now=now)
                if version.state is VersionState.SUBMITTED and self.checker is not None:
                    version = await approve_version(
                        connection, self.checker, version.code, version.number, cells=self.cells, now=now
                    )
                outcome = "unchanged" if version.state is before else version.state.value
                return Imported(file, outcome, version.code, version.number, rounds, types)
        except BadDocument as error:
            return Imported(file, "refused", problem=str(error), faults=error.faults)
        except (BadInput, Refusal, ledger.PostingRefused) as error:
            code = getattr(error, "code", "bad_request")
            return Imported(file, "refused", problem=f"{file}: {error}" if str(error) != code else f"{file}: {code}")
