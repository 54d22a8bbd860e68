-- Version 3: unique lease tokens, tombstones of deleted entries, and records of operators' actions
-- and of attempts.

-- Both columns are after the raw JSON, because a column before it would need a copy of the whole
-- table. Statements that read these columns also read the raw JSON.
ALTER TABLE entries ADD COLUMN lease INTEGER;      -- the token of the latest lease
ALTER TABLE entries ADD COLUMN leased_at INTEGER;  -- the start of that lease

-- From this version on, entries.content is the byte 2 and a hash of 32 bytes. A value without
-- that byte is a hash of version 1 or 2.

CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  last INTEGER NOT NULL          -- the last value that was used
) STRICT, WITHOUT ROWID;

INSERT INTO counters (name, last) VALUES ('lease', 0);

-- Identifies deleted entries, so that a repeated delivery does not store them again. The search for
-- duplicates reads this table like the table entries. The hashes equal those of PostgreSQL's table,
-- so that rows can move between the stores.
CREATE TABLE tombstones (
  key_hash BLOB NOT NULL,        -- SHA-256 of the key
  source_hash BLOB NOT NULL,     -- SHA-256 of the source
  content BLOB NOT NULL,
  pruned_at INTEGER NOT NULL,
  PRIMARY KEY (key_hash, source_hash, content)
) STRICT, WITHOUT ROWID;

CREATE INDEX tombstones_pruned ON tombstones (pruned_at);

-- The actions of operators. Rows are only added, and contain no values of payloads.
CREATE TABLE actions (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,           -- the account of the system, or the name that the operator gave
  action TEXT NOT NULL,          -- a variant of the Rust type Action
  filter TEXT,                   -- JSON; null for an erasure
  affected INTEGER NOT NULL,     -- the number of entries
  details TEXT                   -- JSON
) STRICT;

-- The latest attempts of each entry. A lease gets its row when it ends.
CREATE TABLE attempts (
  entry INTEGER NOT NULL,        -- the number of the entry
  lease INTEGER NOT NULL,        -- the lease token
  attempt INTEGER NOT NULL,
  began_at INTEGER,              -- null if an earlier version gave the lease
  ended_at INTEGER NOT NULL,
  result TEXT NOT NULL,
  status INTEGER,                -- the status of the HTTP response, if events are forwarded
  PRIMARY KEY (entry, lease)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER entries_deleted AFTER DELETE ON entries BEGIN
  DELETE FROM attempts WHERE entry = OLD.number;
END;
