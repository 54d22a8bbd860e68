-- Version 1. Later versions are further files, applied in order.
--
-- Whatever comes from outside is bytea: text cannot hold U+0000, and one such id
-- must not fail its batch. Whatever of it is indexed is indexed by its SHA-256: a key
-- of more than 2704 bytes cannot be.

CREATE TABLE spektr_inbox.version (version integer NOT NULL);

-- In the order of arrival, never used twice.
CREATE SEQUENCE spektr_inbox.numbers;

-- What arrived. A row is never changed, so that no payload is copied as work goes on.
CREATE TABLE spektr_inbox.entries (
  number bigint PRIMARY KEY,
  source bytea NOT NULL,
  source_hash bytea NOT NULL,
  key_hash bytea NOT NULL,         -- of the same event within its source
  content bytea NOT NULL,          -- hash of what must be equal to be a duplicate
  id bytea,
  spektr_id bytea,
  spektr_hash bytea,
  wire_type bytea,
  created_at bigint,               -- all times in milliseconds since the epoch
  conflict boolean NOT NULL,
  raw bytea NOT NULL
) WITH (autovacuum_analyze_scale_factor = 0.02);

-- The key comes first, so that an id is found without its source.
CREATE UNIQUE INDEX entries_content ON spektr_inbox.entries (key_hash, source_hash, content);
-- Of two contents that race for a key, one is the first.
CREATE UNIQUE INDEX entries_first ON spektr_inbox.entries (key_hash, source_hash)
  WHERE NOT conflict;
CREATE INDEX entries_spektr_id ON spektr_inbox.entries (spektr_hash);

-- What becomes of each entry: narrow, because each change writes a row anew.
CREATE TABLE spektr_inbox.work (
  number bigint PRIMARY KEY,
  state text NOT NULL,
  received_at bigint NOT NULL,
  order_at bigint NOT NULL,        -- created_at, or received_at where there is none
  lane bytea NOT NULL,             -- hash of source and spektr id; where there is none, its own
  attempts bigint NOT NULL,
  due_at bigint NOT NULL,          -- of the next attempt, or the end of the lease
  owner bigint,                    -- who holds the lease; with attempts, which lease it is
  reason bytea
) WITH (
  -- Rows that are dead cost every claim a step: they are removed early and at full speed.
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_scale_factor = 0.02
);

-- All are partial, so that claiming costs the same however much is done already.
-- The time of arrival is included for the figures.
CREATE INDEX work_due ON spektr_inbox.work (due_at, number) INCLUDE (received_at)
  WHERE state = 'pending';
CREATE INDEX work_lane ON spektr_inbox.work (lane, order_at, number) WHERE state = 'pending';
CREATE INDEX work_leased ON spektr_inbox.work (lane)
  WHERE state = 'pending' AND owner IS NOT NULL;
CREATE INDEX work_done ON spektr_inbox.work (received_at) WHERE state = 'done';
CREATE INDEX work_parked ON spektr_inbox.work (state, number)
  WHERE state <> 'pending' AND state <> 'done';

CREATE TABLE spektr_inbox.quarantine (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  received_at bigint NOT NULL,
  reason bytea NOT NULL,
  headers bytea NOT NULL,          -- a JSON list of pairs of name and value in hexadecimal digits
  digest bytea NOT NULL UNIQUE,    -- of the body
  body bytea NOT NULL
);

CREATE TABLE spektr_inbox.notes (
  name bytea PRIMARY KEY,
  text bytea NOT NULL
);
ALTER TABLE spektr_inbox.notes ALTER text SET STORAGE EXTERNAL;
