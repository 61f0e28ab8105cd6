"""A second ledger, small and slow, written from the documented rules: what the engine is compared with."""

from copy import deepcopy
from dataclasses import dataclass, field
from typing import TypeAlias

Row: TypeAlias = dict[str, object]
Answer: TypeAlias = dict[str, list[object]]

ID_MAX = 2**128 - 1
MOST = 2**63 - 1
TRANSIENT = {
    "debit_account_not_found",
    "credit_account_not_found",
    "pending_transfer_not_found",
    "exceeds_credits",
    "exceeds_debits",
}
RESOLVING = {"post_pending_transfer", "void_pending_transfer"}


@dataclass
class Acc:
    id: int
    ledger: int
    code: int
    flags: frozenset[str]
    dp: int = 0
    dd: int = 0
    cp: int = 0
    cc: int = 0


@dataclass
class Tr:
    id: int
    debit: int
    credit: int
    amount: int
    pending_id: int
    timeout: int
    ledger: int
    code: int
    flags: frozenset[str]
    state: str = ""
    due: int | None = None


@dataclass
class Book:
    accounts: dict[int, Acc] = field(default_factory=dict)
    transfers: dict[int, Tr] = field(default_factory=dict)
    spent: set[int] = field(default_factory=set)
    clock: int = 0


@dataclass
class Oracle:
    book: Book = field(default_factory=Book)

    def apply(self, line: dict[str, object]) -> Answer:
        ((name, value),) = line.items()
        if name == "advance_seconds":
            return self._advance(int(str(value)))
        rows = value
        assert isinstance(rows, list)
        if name == "lookup_accounts":
            return {"accounts": [self._show_account(i) for i in rows if i in self.book.accounts]}
        if name == "lookup_transfers":
            return {"transfers": [self._show_transfer(i) for i in rows if i in self.book.transfers]}
        return {"results": list(self._batch(name, rows))}

    def _advance(self, seconds: int) -> Answer:
        self.book.clock += seconds
        for t in self.book.transfers.values():
            if t.state == "pending" and t.due is not None and t.due <= self.book.clock:
                t.state = "expired"
                self.book.accounts[t.debit].dp -= t.amount
                self.book.accounts[t.credit].cp -= t.amount
        return {"results": []}

    def _batch(self, name: str, rows: list[Row]) -> list[str]:
        out: list[str] = []
        chain: list[Row] = []
        for n, row in enumerate(rows):
            chain.append(row)
            if "linked" in _flags(row) and n < len(rows) - 1:
                continue
            out += self._chain(name, chain)
            chain = []
        return out

    def _chain(self, name: str, rows: list[Row]) -> list[str]:
        before = deepcopy(self.book) if len(rows) > 1 else self.book
        is_open = "linked" in _flags(rows[-1])
        codes: list[str] = []
        for n, row in enumerate(rows):
            if is_open and n == len(rows) - 1:
                code = "linked_event_chain_open"
            else:
                code = self._account(row) if name == "accounts" else self._transfer(row)
            codes.append(code)
            if code != "created":
                break
        if codes[-1] == "created":
            return codes
        spent = self.book.spent
        self.book = before
        self.book.spent = spent
        failed = len(codes) - 1
        if codes[-1] in TRANSIENT:
            self.book.spent.add(_int(rows[failed], "id"))
        all_codes = ["linked_event_failed"] * len(rows)
        all_codes[failed] = codes[-1]
        if is_open:
            all_codes[-1] = "linked_event_chain_open"
        return all_codes

    def _account(self, row: Row) -> str:
        id_, ledger, code, flags = _int(row, "id"), _int(row, "ledger"), _int(row, "code"), _flags(row)
        if id_ in (0, ID_MAX):
            return "id_must_not_be_zero" if id_ == 0 else "id_must_not_be_int_max"
        old = self.book.accounts.get(id_)
        if old is not None:
            for what, mine, its in (
                ("flags", flags, old.flags),
                ("ledger", ledger, old.ledger),
                ("code", code, old.code),
            ):
                if mine != its:
                    return f"exists_with_different_{what}"
            return "exists"
        if {"debits_must_not_exceed_credits", "credits_must_not_exceed_debits"} <= flags:
            return "flags_are_mutually_exclusive"
        if not ledger:
            return "ledger_must_not_be_zero"
        if not code:
            return "code_must_not_be_zero"
        self.book.accounts[id_] = Acc(id_, ledger, code, flags)
        return "created"

    def _transfer(self, row: Row) -> str:
        t = Tr(
            id=_int(row, "id"),
            debit=_int(row, "debit_account_id"),
            credit=_int(row, "credit_account_id"),
            amount=_int(row, "amount"),
            pending_id=_int(row, "pending_id"),
            timeout=_int(row, "timeout"),
            ledger=_int(row, "ledger"),
            code=_int(row, "code"),
            flags=_flags(row),
        )
        if t.id in (0, ID_MAX):
            return "id_must_not_be_zero" if t.id == 0 else "id_must_not_be_int_max"
        if t.id in self.book.transfers:
            return self._repeat(t, self.book.transfers[t.id])
        if t.id in self.book.spent:
            return "id_already_failed"
        return self._resolve(t) if t.flags & RESOLVING else self._move(t)

    def _repeat(self, t: Tr, old: Tr) -> str:
        if t.flags != old.flags:
            return "exists_with_different_flags"
        if t.pending_id != old.pending_id:
            return "exists_with_different_pending_id"
        if t.timeout != old.timeout:
            return "exists_with_different_timeout"
        amount = t.amount
        if t.flags & RESOLVING:
            of = self.book.transfers[t.pending_id]
            t.debit, t.credit = t.debit or of.debit, t.credit or of.credit
            t.ledger, t.code = t.ledger or of.ledger, t.code or of.code
            everything = 0 if "void_pending_transfer" in t.flags else MOST
            amount = of.amount if amount == everything else amount
        elif t.flags & {"balancing_debit", "balancing_credit"}:
            amount = min(amount, old.amount)
        for what, mine, its in (
            ("debit_account_id", t.debit, old.debit),
            ("credit_account_id", t.credit, old.credit),
            ("amount", amount, old.amount),
            ("ledger", t.ledger, old.ledger),
            ("code", t.code, old.code),
        ):
            if mine != its:
                return f"exists_with_different_{what}"
        return "exists"

    def _move(self, t: Tr) -> str:
        for what, value in (("debit", t.debit), ("credit", t.credit)):
            if value in (0, ID_MAX):
                return f"{what}_account_id_must_not_be_{'zero' if value == 0 else 'int_max'}"
        if t.debit == t.credit:
            return "accounts_must_be_different"
        if t.pending_id:
            return "pending_id_must_be_zero"
        if t.timeout and "pending" not in t.flags:
            return "timeout_reserved_for_pending_transfer"
        if not t.ledger:
            return "ledger_must_not_be_zero"
        if not t.code:
            return "code_must_not_be_zero"
        dr, cr = self.book.accounts.get(t.debit), self.book.accounts.get(t.credit)
        if dr is None:
            return "debit_account_not_found"
        if cr is None:
            return "credit_account_not_found"
        if dr.ledger != cr.ledger:
            return "accounts_must_have_the_same_ledger"
        if t.ledger != dr.ledger:
            return "transfer_must_have_the_same_ledger_as_accounts"
        if "balancing_debit" in t.flags:
            t.amount = max(0, min(t.amount, dr.cc - dr.dd - dr.dp))
        if "balancing_credit" in t.flags:
            t.amount = max(0, min(t.amount, cr.dd - cr.cc - cr.cp))
        return self._limits(t, dr, cr) or self._commit(t, dr, cr)

    def _limits(self, t: Tr, dr: Acc, cr: Acc) -> str:
        if "pending" in t.flags:
            if dr.dp + t.amount > MOST:
                return "overflows_debits_pending"
            if cr.cp + t.amount > MOST:
                return "overflows_credits_pending"
        if dr.dd + t.amount > MOST:
            return "overflows_debits_posted"
        if cr.cc + t.amount > MOST:
            return "overflows_credits_posted"
        if dr.dp + dr.dd + t.amount > MOST:
            return "overflows_debits"
        if cr.cp + cr.cc + t.amount > MOST:
            return "overflows_credits"
        if t.timeout and (self.book.clock + t.timeout) * 10**9 > MOST:
            return "overflows_timeout"
        if "debits_must_not_exceed_credits" in dr.flags and dr.dp + dr.dd + t.amount > dr.cc:
            return "exceeds_credits"
        if "credits_must_not_exceed_debits" in cr.flags and cr.cp + cr.cc + t.amount > cr.dd:
            return "exceeds_debits"
        return ""

    def _commit(self, t: Tr, dr: Acc, cr: Acc) -> str:
        if "pending" in t.flags:
            t.state = "pending"
            t.due = self.book.clock + t.timeout if t.timeout else None
            dr.dp += t.amount
            cr.cp += t.amount
        else:
            dr.dd += t.amount
            cr.cc += t.amount
        self.book.transfers[t.id] = t
        return "created"

    def _resolve(self, t: Tr) -> str:  # noqa: C901 - a list of rules, read top to bottom
        if len(t.flags - {"linked"}) > 1:
            return "flags_are_mutually_exclusive"
        if t.pending_id == 0:
            return "pending_id_must_not_be_zero"
        if t.pending_id == ID_MAX:
            return "pending_id_must_not_be_int_max"
        if t.pending_id == t.id:
            return "pending_id_must_be_different"
        if t.timeout:
            return "timeout_reserved_for_pending_transfer"
        of = self.book.transfers.get(t.pending_id)
        if of is None:
            return "pending_transfer_not_found"
        if "pending" not in of.flags:
            return "pending_transfer_not_pending"
        for what, mine, its in (
            ("debit_account_id", t.debit, of.debit),
            ("credit_account_id", t.credit, of.credit),
            ("ledger", t.ledger, of.ledger),
            ("code", t.code, of.code),
        ):
            if mine not in (0, its):
                return f"pending_transfer_has_different_{what}"
        void = "void_pending_transfer" in t.flags
        if t.amount == (0 if void else MOST):
            t.amount = of.amount
        if t.amount > of.amount:
            return "exceeds_pending_transfer_amount"
        if void and t.amount < of.amount:
            return "pending_transfer_has_different_amount"
        if of.state in ("posted", "voided"):
            return f"pending_transfer_already_{of.state}"
        if of.state == "expired":
            return "pending_transfer_expired"
        t.debit, t.credit, t.ledger, t.code = of.debit, of.credit, of.ledger, of.code
        dr, cr = self.book.accounts[of.debit], self.book.accounts[of.credit]
        dr.dp -= of.amount
        cr.cp -= of.amount
        if not void:
            dr.dd += t.amount
            cr.cc += t.amount
        of.state = "voided" if void else "posted"
        self.book.transfers[t.id] = t
        return "created"

    def _show_account(self, id_: int) -> Row:
        a = self.book.accounts[id_]
        return {
            "id": id_,
            "debits_pending": a.dp,
            "debits_posted": a.dd,
            "credits_pending": a.cp,
            "credits_posted": a.cc,
        }

    def _show_transfer(self, id_: int) -> Row:
        t = self.book.transfers[id_]
        return {
            "id": id_,
            "debit_account_id": t.debit,
            "credit_account_id": t.credit,
            "amount": t.amount,
            "pending_id": t.pending_id,
            "ledger": t.ledger,
            "code": t.code,
        }


def _int(row: Row, key: str) -> int:
    value = row.get(key, 0)
    assert isinstance(value, int)
    return value


def _flags(row: Row) -> frozenset[str]:
    flags = row.get("flags", [])
    assert isinstance(flags, list)
    return frozenset(flags)
