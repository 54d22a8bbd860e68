-- Version 2: unique lease tokens, tombstones of deleted entries, and records of operators' actions
-- and of attempts.

ALTER TABLE spektr_inbox.work
  ADD COLUMN lease bigint,         -- the token of the latest lease
  ADD COLUMN leased_at bigint;     -- the start of that lease

-- From this version on, entries.content is the byte 2 and a hash of 32 bytes. A value without
-- that byte is a hash of version 1.

-- Lease tokens.
CREATE SEQUENCE spektr_inbox.leases;

-- Identifies deleted entries, so that a repeated delivery does not store them again. The search for
-- duplicates reads this table like the table entries.
CREATE TABLE spektr_inbox.tombstones (
  source_hash bytea NOT NULL,
  key_hash bytea NOT NULL,
  content bytea NOT NULL,
  pruned_at bigint NOT NULL,
  PRIMARY KEY (key_hash, source_hash, content)
);

CREATE INDEX tombstones_pruned ON spektr_inbox.tombstones (pruned_at);

-- The actions of operators. Rows are only added, and contain no values of payloads.
CREATE TABLE spektr_inbox.actions (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  actor bytea NOT NULL,            -- the account of the system, or the name that the operator gave
  action text NOT NULL,            -- a variant of the Rust type Action
  filter bytea,                    -- JSON; null for an erasure
  affected bigint NOT NULL,        -- the number of entries
  details bytea                    -- JSON
);

-- The latest attempts of each entry. A lease gets its row when it ends.
CREATE TABLE spektr_inbox.attempts (
  entry bigint NOT NULL,           -- the number of the entry
  lease bigint NOT NULL,           -- the lease token
  attempt bigint NOT NULL,
  began_at bigint,                 -- null if an earlier version gave the lease
  ended_at bigint NOT NULL,
  result text NOT NULL,
  status integer,                  -- the status of the HTTP response, if events are forwarded
  PRIMARY KEY (entry, lease)
);
