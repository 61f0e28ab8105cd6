"""Nouns of the ledger: accounts and transfers, their flags, the outcomes of creating them, the codes of postings.

Amounts are integer fen, 0 to 2^63-1. Ids are 128-bit integers written as UUIDs; 0 and 2^128-1 are reserved.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum, IntFlag, StrEnum
from uuid import UUID

from yongquan.kernel.ids import named_id

AMOUNT_MAX = 2**63 - 1
NO_ID = UUID(int=0)
FEN = 1
"""The ledger of Renminbi in fen; accounts of different ledgers never trade."""


class AccountFlags(IntFlag):
    LINKED = 1
    DEBITS_MUST_NOT_EXCEED_CREDITS = 2
    CREDITS_MUST_NOT_EXCEED_DEBITS = 4


class TransferFlags(IntFlag):
    LINKED = 1
    PENDING = 2
    POST_PENDING_TRANSFER = 4
    VOID_PENDING_TRANSFER = 8
    BALANCING_DEBIT = 16
    BALANCING_CREDIT = 32


NO_ACCOUNT_FLAGS = AccountFlags(0)
NO_TRANSFER_FLAGS = TransferFlags(0)


class AccountOutcome(StrEnum):
    """In the order in which they are checked (TigerBeetle's `CreateAccountStatus`)."""

    CREATED = "created"
    LINKED_EVENT_FAILED = "linked_event_failed"
    LINKED_EVENT_CHAIN_OPEN = "linked_event_chain_open"
    ID_MUST_NOT_BE_ZERO = "id_must_not_be_zero"
    ID_MUST_NOT_BE_INT_MAX = "id_must_not_be_int_max"
    EXISTS_WITH_DIFFERENT_FLAGS = "exists_with_different_flags"
    EXISTS_WITH_DIFFERENT_LEDGER = "exists_with_different_ledger"
    EXISTS_WITH_DIFFERENT_CODE = "exists_with_different_code"
    EXISTS = "exists"
    FLAGS_ARE_MUTUALLY_EXCLUSIVE = "flags_are_mutually_exclusive"
    LEDGER_MUST_NOT_BE_ZERO = "ledger_must_not_be_zero"
    CODE_MUST_NOT_BE_ZERO = "code_must_not_be_zero"


class TransferOutcome(StrEnum):
    """In the order in which they are checked (TigerBeetle's `CreateTransferStatus`)."""

    CREATED = "created"
    LINKED_EVENT_FAILED = "linked_event_failed"
    LINKED_EVENT_CHAIN_OPEN = "linked_event_chain_open"
    ID_MUST_NOT_BE_ZERO = "id_must_not_be_zero"
    ID_MUST_NOT_BE_INT_MAX = "id_must_not_be_int_max"
    EXISTS_WITH_DIFFERENT_FLAGS = "exists_with_different_flags"
    EXISTS_WITH_DIFFERENT_PENDING_ID = "exists_with_different_pending_id"
    EXISTS_WITH_DIFFERENT_TIMEOUT = "exists_with_different_timeout"
    EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT_ID = "exists_with_different_debit_account_id"
    EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT_ID = "exists_with_different_credit_account_id"
    EXISTS_WITH_DIFFERENT_AMOUNT = "exists_with_different_amount"
    EXISTS_WITH_DIFFERENT_LEDGER = "exists_with_different_ledger"
    EXISTS_WITH_DIFFERENT_CODE = "exists_with_different_code"
    EXISTS = "exists"
    ID_ALREADY_FAILED = "id_already_failed"
    FLAGS_ARE_MUTUALLY_EXCLUSIVE = "flags_are_mutually_exclusive"
    DEBIT_ACCOUNT_ID_MUST_NOT_BE_ZERO = "debit_account_id_must_not_be_zero"
    DEBIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX = "debit_account_id_must_not_be_int_max"
    CREDIT_ACCOUNT_ID_MUST_NOT_BE_ZERO = "credit_account_id_must_not_be_zero"
    CREDIT_ACCOUNT_ID_MUST_NOT_BE_INT_MAX = "credit_account_id_must_not_be_int_max"
    ACCOUNTS_MUST_BE_DIFFERENT = "accounts_must_be_different"
    PENDING_ID_MUST_BE_ZERO = "pending_id_must_be_zero"
    PENDING_ID_MUST_NOT_BE_ZERO = "pending_id_must_not_be_zero"
    PENDING_ID_MUST_NOT_BE_INT_MAX = "pending_id_must_not_be_int_max"
    PENDING_ID_MUST_BE_DIFFERENT = "pending_id_must_be_different"
    TIMEOUT_RESERVED_FOR_PENDING_TRANSFER = "timeout_reserved_for_pending_transfer"
    LEDGER_MUST_NOT_BE_ZERO = "ledger_must_not_be_zero"
    CODE_MUST_NOT_BE_ZERO = "code_must_not_be_zero"
    DEBIT_ACCOUNT_NOT_FOUND = "debit_account_not_found"
    CREDIT_ACCOUNT_NOT_FOUND = "credit_account_not_found"
    ACCOUNTS_MUST_HAVE_THE_SAME_LEDGER = "accounts_must_have_the_same_ledger"
    TRANSFER_MUST_HAVE_THE_SAME_LEDGER_AS_ACCOUNTS = "transfer_must_have_the_same_ledger_as_accounts"
    PENDING_TRANSFER_NOT_FOUND = "pending_transfer_not_found"
    PENDING_TRANSFER_NOT_PENDING = "pending_transfer_not_pending"
    PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT_ID = "pending_transfer_has_different_debit_account_id"
    PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT_ID = "pending_transfer_has_different_credit_account_id"
    PENDING_TRANSFER_HAS_DIFFERENT_LEDGER = "pending_transfer_has_different_ledger"
    PENDING_TRANSFER_HAS_DIFFERENT_CODE = "pending_transfer_has_different_code"
    EXCEEDS_PENDING_TRANSFER_AMOUNT = "exceeds_pending_transfer_amount"
    PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT = "pending_transfer_has_different_amount"
    PENDING_TRANSFER_ALREADY_POSTED = "pending_transfer_already_posted"
    PENDING_TRANSFER_ALREADY_VOIDED = "pending_transfer_already_voided"
    PENDING_TRANSFER_EXPIRED = "pending_transfer_expired"
    OVERFLOWS_DEBITS_PENDING = "overflows_debits_pending"
    OVERFLOWS_CREDITS_PENDING = "overflows_credits_pending"
    OVERFLOWS_DEBITS_POSTED = "overflows_debits_posted"
    OVERFLOWS_CREDITS_POSTED = "overflows_credits_posted"
    OVERFLOWS_DEBITS = "overflows_debits"
    OVERFLOWS_CREDITS = "overflows_credits"
    OVERFLOWS_TIMEOUT = "overflows_timeout"
    EXCEEDS_CREDITS = "exceeds_credits"
    EXCEEDS_DEBITS = "exceeds_debits"


class Kind(StrEnum):
    """What an account is for; with its owner it gives the account's id. Owners are named in docs/ledger.md."""

    SUPERVISED = "supervised"
    CASH = "cash"
    ADVANCE_GIVEN = "advance_given"
    ADVANCE_LIMIT = "advance_limit"
    BUDGET = "budget"
    STOCK = "stock"
    CLAIMED = "claimed"
    LOCKED = "locked"
    FROZEN = "frozen"
    REDEEMED = "redeemed"
    RECYCLED = "recycled"
    SUBSIDY_DUE = "subsidy_due"
    SPENT = "spent"
    REIMBURSABLE = "reimbursable"
    ADVANCED = "advanced"
    CLEARING = "clearing"
    CENTRAL = "central"
    FEES = "fees"
    IN_TRANSIT = "in_transit"
    DEDUCTED = "deducted"

    @property
    def code(self) -> int:
        """The account's code, 1001 upwards in the order above."""
        return 1001 + list(Kind).index(self)


LIMITED = frozenset({Kind.CASH, Kind.ADVANCE_LIMIT, Kind.BUDGET})
"""Kinds that must not go below zero: their accounts are guarded."""

VOUCHER_KINDS = (Kind.STOCK, Kind.CLAIMED, Kind.LOCKED, Kind.FROZEN, Kind.REDEEMED, Kind.RECYCLED)
"""A voucher's face value sits in exactly one of these."""


class Posting(IntEnum):
    """The code of a transfer: what kind of posting it is."""

    CLAIM_VOUCHER = 101
    LOCK_VOUCHER = 102
    RETURN_VOUCHER = 103
    REDEEM_VOUCHER = 104
    EXPIRE_VOUCHER = 105
    RECYCLE_TYPE = 106
    RELEASE_REMAINDER = 107
    FREEZE_VOUCHER = 108
    THAW_VOUCHER = 109
    VOID_VOUCHER = 110
    RESTORE_VOUCHER = 111
    FORFEIT_VOUCHER = 112
    PREPAY = 121
    GRANT_ADVANCE = 122
    FUND_CAMPAIGN = 123
    PUBLISH_ROUND = 124
    RETURN_SURPLUS = 125
    REPAY_FUNDER = 126
    REPAY_ADVANCE = 127
    RENEW_LIMIT = 128
    PAY_ADVANCER = 129
    DEDUCT = 131
    WRITE_OFF_ADVANCE = 132
    RECOVER_DEDUCTION = 133
    PAY_BY_ISSUER = 201
    SUBSIDISE = 202
    CHARGE_ISSUER_FEE = 203
    CHARGE_NETWORK_FEE = 204
    REFUND_BY_ISSUER = 211
    REFUND_SUBSIDY = 212
    REFUND_ISSUER_FEE = 213
    REFUND_NETWORK_FEE = 214
    PAY_OUT = 221
    RETURN_PAYOUT = 222
    RECOVER_SUBSIDY = 223
    CALL_SUBSIDY = 301
    SETTLE_NET = 302
    SPEND_PREPAID = 303
    SPEND_ADVANCE = 304
    RECORD_ADVANCE = 305
    RETURN_SUBSIDY = 311
    RESTORE_PREPAID = 313
    RESTORE_ADVANCE = 314
    REDUCE_ADVANCE = 315
    SEND_TO_CELL = 401
    RECEIVE_IN_CELL = 402
    MOVE_STOCK = 403


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """An account to be created. `guarded` keeps a balance row, as balance limits and balancing need."""

    id: UUID
    ledger: int
    code: int
    flags: AccountFlags = NO_ACCOUNT_FLAGS
    owner_id: str = ""
    kind: str = ""
    guarded: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfer:
    """A movement of `amount` fen from one account to another. Timeout in seconds, only for pending transfers."""

    id: UUID
    debit_account_id: UUID = NO_ID
    credit_account_id: UUID = NO_ID
    amount: int = 0
    pending_id: UUID = NO_ID
    timeout_s: int = 0
    ledger: int = 0
    code: int = 0
    flags: TransferFlags = NO_TRANSFER_FLAGS
    chain_id: UUID | None = None


@dataclass(frozen=True, slots=True)
class Balances:
    """What an account's transfers add up to, in fen."""

    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int

    @property
    def credit_fen(self) -> int:
        """What is left on the credit side: posted credits less posted debits."""
        return self.credits_posted - self.debits_posted


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferRow:
    """A transfer as the book keeps it: filled in, and with the amount that really moved."""

    id: UUID
    debit_account_id: UUID
    credit_account_id: UUID
    amount: int
    pending_id: UUID | None
    ledger: int
    code: int
    flags: TransferFlags
    recorded_at: datetime


def account_id(owner: object, kind: Kind) -> UUID:
    """The id of an owner's account, the same in SQL (`ledger.account_of`)."""
    return named_id(owner, kind)


def account_for(owner: object, kind: Kind) -> Account:
    """An account of a kind, guarded if its kind must not go below zero."""
    limited = kind in LIMITED
    return Account(
        id=account_id(owner, kind),
        ledger=FEN,
        code=kind.code,
        flags=AccountFlags.DEBITS_MUST_NOT_EXCEED_CREDITS if limited else NO_ACCOUNT_FLAGS,
        owner_id=str(owner),
        kind=kind,
        guarded=limited,
    )
