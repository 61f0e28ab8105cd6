"""The JSON Lines form of ledger operations, read strictly: a misspelled field would quietly change a book."""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal, TypeAlias

import msgspec

from yongquan.kernel.errors import BadInput
from yongquan.ledger.model import AMOUNT_MAX, AccountFlags, TransferFlags
from yongquan.plumbing.json_lines import FieldError, read_line

_ID_MAX = 2**128 - 1

Fen = Annotated[int, msgspec.Meta(ge=0, le=AMOUNT_MAX)]
U32 = Annotated[int, msgspec.Meta(ge=0, le=2**32 - 1)]
U16 = Annotated[int, msgspec.Meta(ge=0, le=2**16 - 1)]
Seconds = Annotated[int, msgspec.Meta(ge=0, le=2**63 - 1)]
AccountFlagName = Literal["linked", "debits_must_not_exceed_credits", "credits_must_not_exceed_debits"]
TransferFlagName = Literal[
    "linked", "pending", "post_pending_transfer", "void_pending_transfer", "balancing_debit", "balancing_credit"
]


class AccountForm(msgspec.Struct, forbid_unknown_fields=True):
    id: int
    ledger: U32 = 0
    code: U16 = 0
    flags: list[AccountFlagName] = []


class TransferForm(msgspec.Struct, forbid_unknown_fields=True):
    id: int
    debit_account_id: int = 0
    credit_account_id: int = 0
    amount: Fen = 0
    pending_id: int = 0
    timeout: U32 = 0
    ledger: U32 = 0
    code: U16 = 0
    flags: list[TransferFlagName] = []


class _LineForm(msgspec.Struct, forbid_unknown_fields=True):
    accounts: list[AccountForm] | msgspec.UnsetType = msgspec.UNSET
    transfers: list[TransferForm] | msgspec.UnsetType = msgspec.UNSET
    lookup_accounts: list[int] | msgspec.UnsetType = msgspec.UNSET
    lookup_transfers: list[int] | msgspec.UnsetType = msgspec.UNSET
    advance_seconds: Seconds | msgspec.UnsetType = msgspec.UNSET


class CreateAccounts(msgspec.Struct, frozen=True):
    rows: list[AccountForm]

    def parameters(self, *, cell: int, now: datetime) -> list[object]:
        """What `ledger.create_accounts` takes, every account guarded."""
        rows = self.rows
        return [
            cell,
            [hex_id(r.id) for r in rows],
            [""] * len(rows),
            [""] * len(rows),
            [r.ledger for r in rows],
            [r.code for r in rows],
            [_bits(r.flags, _ACCOUNT_BITS) for r in rows],
            [True] * len(rows),
            now,
        ]


class CreateTransfers(msgspec.Struct, frozen=True):
    rows: list[TransferForm]


class LookupAccounts(msgspec.Struct, frozen=True):
    ids: list[int]


class LookupTransfers(msgspec.Struct, frozen=True):
    ids: list[int]


class Advance(msgspec.Struct, frozen=True):
    seconds: int


Operation: TypeAlias = CreateAccounts | CreateTransfers | LookupAccounts | LookupTransfers | Advance

_ACCOUNT_BITS = {str(flag.name).lower(): int(flag) for flag in AccountFlags}
_TRANSFER_BITS = {str(flag.name).lower(): int(flag) for flag in TransferFlags}
_decoder = msgspec.json.Decoder(_LineForm)


def read_operations(path: Path) -> Iterator[Operation]:
    """The operations of a file, in order; blank lines are skipped.

    Raises `BadInput` naming file, line and field at the first line that cannot be read.
    """
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                if line.strip():
                    yield read_line(_read, line, where=f"{path}:{number}")
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from error


def transfer_parameters(batches: Sequence[CreateTransfers], *, cell: int, now: datetime) -> list[object]:
    """What `ledger.create_transfers` takes for several batches in a row."""
    rows = [row for batch in batches for row in batch.rows]
    return [
        cell,
        [hex_id(r.id) for r in rows],
        [None] * len(rows),
        [hex_id(r.debit_account_id) for r in rows],
        [hex_id(r.credit_account_id) for r in rows],
        [r.amount for r in rows],
        [hex_id(r.pending_id) for r in rows],
        [r.timeout for r in rows],
        [r.ledger for r in rows],
        [r.code for r in rows],
        [_bits(r.flags, _TRANSFER_BITS) for r in rows],
        now,
        [n == len(batch.rows) for batch in batches for n in range(1, len(batch.rows) + 1)],
    ]


def hex_id(number: int) -> str:
    """A 128-bit integer as PostgreSQL reads a uuid."""
    return f"{number:032x}"


def flag_names(flags: AccountFlags | TransferFlags) -> list[str]:
    """The names of the flags that are set, lowest bit first."""
    return [str(flag.name).lower() for flag in flags]


def _bits(names: Sequence[str], bits: dict[str, int]) -> int:
    total = 0
    for name in names:
        total |= bits[name]
    return total


def _read(line: bytes) -> Operation:
    form = _decoder.decode(line)
    json.loads(line, object_pairs_hook=_refuse_repeated_keys)
    return _operation(form)


def _refuse_repeated_keys(pairs: list[tuple[str, object]]) -> None:
    keys = [key for key, _ in pairs]
    if len(set(keys)) < len(keys):
        repeated = next(key for key in keys if keys.count(key) > 1)
        raise FieldError(repeated, "is given twice")


def _operation(form: _LineForm) -> Operation:
    given = [name for name in form.__struct_fields__ if getattr(form, name) is not msgspec.UNSET]
    if len(given) != 1:
        raise FieldError(" and ".join(given) or "the line", "a line holds exactly one operation")
    if form.accounts is not msgspec.UNSET:
        _check_ids((f"accounts[{n}].id", row.id) for n, row in enumerate(form.accounts))
        return CreateAccounts(form.accounts)
    if form.transfers is not msgspec.UNSET:
        for n, row in enumerate(form.transfers):
            _check_ids(
                (f"transfers[{n}].{name}", getattr(row, name))
                for name in ("id", "debit_account_id", "credit_account_id", "pending_id")
            )
        return CreateTransfers(form.transfers)
    if form.lookup_accounts is not msgspec.UNSET:
        _check_ids((f"lookup_accounts[{n}]", id_) for n, id_ in enumerate(form.lookup_accounts))
        return LookupAccounts(form.lookup_accounts)
    if form.lookup_transfers is not msgspec.UNSET:
        _check_ids((f"lookup_transfers[{n}]", id_) for n, id_ in enumerate(form.lookup_transfers))
        return LookupTransfers(form.lookup_transfers)
    return Advance(0 if form.advance_seconds is msgspec.UNSET else form.advance_seconds)


def _check_ids(ids: Iterator[tuple[str, int]]) -> None:
    for field, number in ids:
        if not 0 <= number <= _ID_MAX:
            raise FieldError(field, f"{number} is not an integer from 0 to 2^128-1")
