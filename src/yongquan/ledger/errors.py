"""Refusals of the ledger."""

from collections.abc import Sequence
from typing import ClassVar

from yongquan.kernel.errors import Refusal


class PostingRefused(Refusal):
    """A recipe's chain was not created; `facts['outcomes']` holds one code a transfer."""

    code: ClassVar[str] = "posting_refused"

    def __init__(self, outcomes: Sequence[str]) -> None:
        first = next((o for o in outcomes if o not in ("created", "linked_event_failed")), outcomes[0])
        super().__init__(f"the ledger refused: {first}", outcomes=list(outcomes), outcome=first)
        self.outcome = first
