-- Version 1. Later versions are further files, applied in order.

CREATE TABLE entries (
  number INTEGER PRIMARY KEY AUTOINCREMENT, -- in the order of arrival, never reused
  source TEXT NOT NULL,
  key TEXT NOT NULL,             -- the event's key within its source
  content BLOB NOT NULL,         -- the content hash; duplicates have the same
  id TEXT,
  spektr_id TEXT,
  wire_type TEXT,
  created_at INTEGER,            -- all times are in milliseconds since the Unix epoch
  received_at INTEGER NOT NULL,
  order_at INTEGER NOT NULL,     -- created_at, or received_at if the event has no creation time
  state TEXT NOT NULL,
  conflict INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  due_at INTEGER NOT NULL,       -- the time of the next attempt, or the end of the lease
  owner INTEGER,                 -- the worker with the lease; owner and attempts identify the lease
  reason TEXT,
  raw BLOB NOT NULL              -- the last column, so that SQLite reads the other columns without it
) STRICT;

-- The key is the first column, so that a search by id needs no source.
CREATE UNIQUE INDEX entries_content ON entries (key, source, content);
CREATE INDEX entries_spektr_id ON entries (spektr_id);
CREATE INDEX entries_state ON entries (state);
-- The following indexes are partial, so that the cost of a claim does not grow with the number of
-- done entries, and accepting does not update the index for pruning.
CREATE INDEX entries_due ON entries (due_at, number) WHERE state = 'pending';
CREATE INDEX entries_lane ON entries (spektr_id, source, order_at, number) WHERE state = 'pending';
CREATE INDEX entries_done ON entries (received_at) WHERE state = 'done';

CREATE TABLE quarantine (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  received_at INTEGER NOT NULL,
  reason TEXT NOT NULL,
  headers TEXT NOT NULL,         -- a JSON list of pairs: name and value in hexadecimal digits
  digest BLOB NOT NULL UNIQUE,   -- the hash of the body
  body BLOB NOT NULL
) STRICT;

CREATE TABLE notes (
  name TEXT PRIMARY KEY,
  text TEXT NOT NULL
) STRICT, WITHOUT ROWID;
