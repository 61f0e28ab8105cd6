-- What the account banks keep beside accounts and cards: authorities to collect, money sent and received by instruction.

-- An authority (授权) that a holder gave a payee to debit a card or (then `card_no` is its number) an account; the bank
-- checks every debit against it.
CREATE TABLE IF NOT EXISTS mandate (
  mandate_id TEXT PRIMARY KEY,
  card_no TEXT NOT NULL,
  payee_id TEXT NOT NULL,
  payee_name TEXT NOT NULL,
  scene TEXT NOT NULL,
  cycle TEXT NOT NULL CHECK (cycle IN ('none', 'day', 'week', 'month', 'quarter', 'year')),
  debit_max_fen INTEGER NOT NULL CHECK (debit_max_fen > 0),
  cycle_max_fen INTEGER NOT NULL CHECK (cycle_max_fen >= debit_max_fen),
  cycle_times INTEGER,
  starts_on TEXT NOT NULL,
  ends_on TEXT NOT NULL CHECK (ends_on >= starts_on),
  fingerprint BLOB NOT NULL,
  state TEXT NOT NULL DEFAULT 'held' CHECK (state IN ('held', 'revoked')),
  revoked_by TEXT NOT NULL DEFAULT '',
  CHECK (cycle_times IS NULL OR cycle_times > 0)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS mandate_debit (
  booking_id INTEGER PRIMARY KEY REFERENCES booking (id),
  mandate_id TEXT NOT NULL REFERENCES mandate (mandate_id),
  cycle_key TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS mandate_debit_of_cycle ON mandate_debit (mandate_id, cycle_key);

-- Accounts that take no money: a closed one refuses it, a dormant one lets it lie until it is sent back.
CREATE TABLE IF NOT EXISTS account_ban (
  account_no TEXT PRIMARY KEY REFERENCES account (no),
  why TEXT NOT NULL CHECK (why IN ('closed', 'dormant'))
) WITHOUT ROWID;

-- A statement is read by card; a movement stands under its account's number.
CREATE INDEX IF NOT EXISTS booking_of_card ON booking (card_no, id) WHERE card_no <> '';

-- Money that came in and is to go back, in the order in which the back office wanted it.
CREATE TABLE IF NOT EXISTS returned_credit (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  movement_id TEXT NOT NULL UNIQUE,
  amount_fen INTEGER NOT NULL,
  reason TEXT NOT NULL
);

-- A credit card's account holds what may still be spent.
CREATE TABLE IF NOT EXISTS credit_card (
  card_no TEXT PRIMARY KEY REFERENCES card (card_no),
  account_no TEXT NOT NULL REFERENCES account (no),
  limit_fen INTEGER NOT NULL,
  statement_day INTEGER NOT NULL,
  due_day INTEGER NOT NULL
) WITHOUT ROWID;

-- Shares in hundredths, value in ten-thousandths of a yuan.
CREATE TABLE IF NOT EXISTS fund_order (
  order_id TEXT PRIMARY KEY,
  fund_code TEXT NOT NULL,
  holder TEXT NOT NULL,
  amount_fen INTEGER NOT NULL,
  shares INTEGER NOT NULL,
  nav INTEGER NOT NULL,
  day TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS fund_order_of_holder ON fund_order (holder);
