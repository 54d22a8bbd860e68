-- Version 1. Later versions are further files, applied in order.

CREATE TABLE entries (
  number INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order of arrival, never used twice
  source TEXT NOT NULL,
  key TEXT NOT NULL,             -- the same event within its source
  content BLOB NOT NULL,         -- hash of what must be equal to be a duplicate
  id TEXT,
  spektr_id TEXT,
  wire_type TEXT,
  created_at INTEGER,            -- all times in milliseconds since the epoch
  received_at INTEGER NOT NULL,
  order_at INTEGER NOT NULL,     -- created_at, or received_at where there is none
  state TEXT NOT NULL,
  conflict INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,       -- of the next attempt, or the end of the lease
  owner INTEGER,                 -- who holds the lease; with attempts, which lease it is
  reason TEXT,
  raw BLOB NOT NULL              -- last, so that the columns before it are read without it
) STRICT;

-- The key comes first, so that an id is found without its source.
CREATE UNIQUE INDEX entries_content ON entries (key, source, content);
CREATE INDEX entries_spektr_id ON entries (spektr_id);
CREATE INDEX entries_state ON entries (state);
-- What follows is partial, so that claiming costs the same however much is done
-- already, and accepting does not pay for pruning.
CREATE INDEX entries_due ON entries (due_at, number) WHERE state = 'pending';
CREATE INDEX entries_lane ON entries (spektr_id, source, order_at, number) WHERE state = 'pending';
CREATE INDEX entries_done ON entries (received_at) WHERE state = 'done';

CREATE TABLE quarantine (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  received_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  headers TEXT NOT NULL,         -- a JSON list of pairs of name and value in hexadecimal digits
  digest BLOB NOT NULL UNIQUE,   -- of the body
  body BLOB NOT NULL
) STRICT;

CREATE TABLE notes (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
