-- The business register: market subjects as they stand, and all that happened to them.
CREATE TABLE IF NOT EXISTS subject (
  licence_no TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  kind TEXT NOT NULL CHECK (kind IN ('company', 'branch', 'sole_trader', 'cooperative')),
  head_no TEXT NOT NULL DEFAULT '',
  person TEXT NOT NULL,                        -- legal representative, operator, or a branch's person in charge
  person_id_no TEXT NOT NULL DEFAULT '',       -- never told, only compared
  owner_since TEXT NOT NULL,
  address TEXT NOT NULL,
  scope TEXT NOT NULL,
  status TEXT NOT NULL CHECK (status IN ('in_business', 'cancelled', 'revoked')),
  established_on TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS subject_of_name ON subject (name);

CREATE TABLE IF NOT EXISTS happening (
  change_id TEXT PRIMARY KEY,                  -- names the change, so that a repeat is none
  licence_no TEXT NOT NULL REFERENCES subject (licence_no),
  on_day TEXT NOT NULL,
  what TEXT NOT NULL CHECK (what IN ('owner', 'status', 'name')),
  was TEXT NOT NULL,
  became TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS happening_of_subject ON happening (licence_no, on_day);
