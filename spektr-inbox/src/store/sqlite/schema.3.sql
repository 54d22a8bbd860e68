-- Version 3: leases that never repeat, and what remains of what was done.

-- Both come behind the raw JSON, because a column that comes before it would need a copy of
-- the whole table. Statements that read them read the raw JSON anyway.
ALTER TABLE entries ADD COLUMN lease INTEGER;      -- the token of the latest lease
ALTER TABLE entries ADD COLUMN leased_at INTEGER;  -- when that lease began

-- From this version on, entries.content is the byte 2 and a hash of 32 bytes. Without that
-- byte it is a hash as version 2 made it.

CREATE TABLE counters (
  name TEXT PRIMARY KEY,
  last INTEGER NOT NULL          -- the last value that was given out
) STRICT, WITHOUT ROWID;

INSERT INTO counters (name, last) VALUES ('lease', 0);

-- What identifies entries that were deleted, so that they are not stored again as new ones.
-- An entry is compared with these rows as with entries. The hashes are those of PostgreSQL's
-- table, so that rows can move.
CREATE TABLE tombstones (
  key_hash BLOB NOT NULL,        -- SHA-256 of the key
  source_hash BLOB NOT NULL,     -- SHA-256 of the source
  content BLOB NOT NULL,
  pruned_at INTEGER NOT NULL,
  PRIMARY KEY (key_hash, source_hash, content)
) STRICT, WITHOUT ROWID;

CREATE INDEX tombstones_pruned ON tombstones (pruned_at);

-- What operators did. Rows are only added, and hold no value of a payload.
CREATE TABLE actions (
  number INTEGER PRIMARY KEY AUTOINCREMENT,
  at INTEGER NOT NULL,
  actor TEXT NOT NULL,           -- the system's account, or whom the operator named
  action TEXT NOT NULL,          -- a word of the type Action
  filter TEXT,                   -- as JSON; none of an erasure
  affected INTEGER NOT NULL,     -- how many entries
  details TEXT                   -- as JSON
) STRICT;

-- The latest attempts of each entry. A lease has one row, from its end on.
CREATE TABLE attempts (
  entry INTEGER NOT NULL,        -- the number of the entry
  lease INTEGER NOT NULL,        -- the token
  attempt INTEGER NOT NULL,
  began_at INTEGER,              -- none if an earlier version gave the lease
  ended_at INTEGER NOT NULL,
  result TEXT NOT NULL,
  status INTEGER,                -- of the HTTP response, where events are forwarded
  PRIMARY KEY (entry, lease)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER entries_deleted AFTER DELETE ON entries BEGIN
  DELETE FROM attempts WHERE entry = OLD.number;
END;
