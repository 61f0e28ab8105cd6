-- Amounts are fen; an entry is positive on the credit side, so all entries add up to zero.
-- What customers and shops hold is the institution's debt to them: a credit balance, never below zero.
CREATE TABLE IF NOT EXISTS account (
  no TEXT PRIMARY KEY,
  kind TEXT NOT NULL CHECK (kind IN ('house', 'customer', 'shop')),
  holder TEXT NOT NULL,
  opening_fen INTEGER NOT NULL DEFAULT 0,
  balance_fen INTEGER NOT NULL DEFAULT 0,
  CHECK (kind = 'house' OR balance_fen >= 0)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS card (
  card_no TEXT PRIMARY KEY,
  account_no TEXT NOT NULL REFERENCES account (no),
  daily_limit_fen INTEGER NOT NULL
) WITHOUT ROWID;

-- The phone that the holder left with the bank.
CREATE TABLE IF NOT EXISTS phone (
  account_no TEXT PRIMARY KEY REFERENCES account (no),
  phone TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS phone_number ON phone (phone);

-- A card or account that is being bound elsewhere: the code that was texted, and how often a wrong one came back.
DROP TABLE IF EXISTS binding;
CREATE TABLE IF NOT EXISTS code_sent (
  id TEXT PRIMARY KEY,
  number TEXT NOT NULL,
  code_hash BLOB NOT NULL,
  tries INTEGER NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS text (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  phone TEXT NOT NULL,
  body TEXT NOT NULL
);

CREATE TABLE IF NOT EXISTS card_day (
  card_no TEXT NOT NULL,
  business_date TEXT NOT NULL,
  used_fen INTEGER NOT NULL CHECK (used_fen >= 0),
  PRIMARY KEY (card_no, business_date)
) WITHOUT ROWID;

-- `key` is what makes a request itself: network, time and STAN of a card message, or the id of an HTTP request.
-- A purchase that was reversed before it came is kept without a fingerprint.
CREATE TABLE IF NOT EXISTS booking (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  key TEXT NOT NULL UNIQUE,
  kind TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('approved', 'declined', 'reversed')),
  code TEXT NOT NULL,
  amount_fen INTEGER NOT NULL,
  business_date TEXT NOT NULL,
  settlement_date TEXT NOT NULL,
  card_no TEXT NOT NULL DEFAULT '',
  payment_id TEXT NOT NULL DEFAULT '',
  retrieval_ref TEXT NOT NULL DEFAULT '',
  merchant_no TEXT NOT NULL DEFAULT '',
  original_id INTEGER REFERENCES booking (id),
  refunded_fen INTEGER NOT NULL DEFAULT 0 CHECK (refunded_fen <= amount_fen OR refunded_fen = 0),
  fingerprint BLOB
);
CREATE INDEX IF NOT EXISTS booking_by_settlement_date ON booking (settlement_date, id);

-- The settlement date that the network told last: new purchases carry it or a later one.
CREATE TABLE IF NOT EXISTS cut_off (
  only INTEGER PRIMARY KEY CHECK (only = 1),
  settlement_date TEXT NOT NULL
) WITHOUT ROWID;

-- What a pre-authorisation keeps back of an account; it moves no money, so it has no entries. `booking_id` is its
-- booking, and the day `expires_on` is the last on which it holds.
CREATE TABLE IF NOT EXISTS hold (
  booking_id INTEGER PRIMARY KEY REFERENCES booking (id),
  account_no TEXT NOT NULL REFERENCES account (no),
  amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
  expires_on TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('open', 'completed', 'cancelled'))
);
CREATE INDEX IF NOT EXISTS hold_open ON hold (account_no) WHERE state = 'open';

CREATE TABLE IF NOT EXISTS entry (
  booking_id INTEGER NOT NULL REFERENCES booking (id),
  account_no TEXT NOT NULL REFERENCES account (no),
  amount_fen INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS shop (
  shop_id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  account_no TEXT NOT NULL REFERENCES account (no)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS shop_change (
  key TEXT PRIMARY KEY,
  fingerprint BLOB NOT NULL
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS settlement_line (
  instruction_id TEXT NOT NULL,
  line_id TEXT NOT NULL,
  shop_id TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('paid', 'part_held', 'held', 'refused')),
  paid_fen INTEGER NOT NULL,
  held_fen INTEGER NOT NULL,
  fee_fen INTEGER NOT NULL,
  reason TEXT NOT NULL DEFAULT '',
  PRIMARY KEY (instruction_id, line_id)
) WITHOUT ROWID;

-- What a bank can ask the state's register: an identity number's holder and social-security card. All invented.
CREATE TABLE IF NOT EXISTS identity (
  id_no TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  social_card_no TEXT NOT NULL UNIQUE
) WITHOUT ROWID;

-- What an acquirer tells in its day file: payouts (failed: returned), releases of held money, and returns.
CREATE TABLE IF NOT EXISTS shop_payment (
  key TEXT PRIMARY KEY,
  settlement_date TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('payout', 'release', 'return')),
  state TEXT NOT NULL CHECK (state IN ('succeeded', 'failed')),
  amount_fen INTEGER NOT NULL CHECK (amount_fen > 0),
  at TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS shop_payment_of_day ON shop_payment (settlement_date);
