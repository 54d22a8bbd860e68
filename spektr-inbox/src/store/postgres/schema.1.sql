-- Version 1. Later versions are further files, applied in order.
--
-- Columns with data of the sender have the type bytea: text cannot hold U+0000, and one id with
-- U+0000 must not make its batch fail. Indexes use the SHA-256 of these columns, because a B-tree
-- index refuses keys of more than 2704 bytes.

CREATE TABLE spektr_inbox.version (version integer NOT NULL);

-- Numbers of entries: in the order of arrival, never reused.
CREATE SEQUENCE spektr_inbox.numbers;

-- The received entries. Rows never change: an update would copy the payload.
CREATE TABLE spektr_inbox.entries (
  number bigint PRIMARY KEY,
  source bytea NOT NULL,
  source_hash bytea NOT NULL,
  key_hash bytea NOT NULL,         -- the hash of the event's key within its source
  content bytea NOT NULL,          -- the content hash; duplicates have the same
  id bytea,
  spektr_id bytea,
  spektr_hash bytea,
  wire_type bytea,
  created_at bigint,               -- all times are in milliseconds since the Unix epoch
  conflict boolean NOT NULL,
  raw bytea NOT NULL
) WITH (autovacuum_analyze_scale_factor = 0.02);

-- The key is the first column, so that a search by id needs no source.
CREATE UNIQUE INDEX entries_content ON spektr_inbox.entries (key_hash, source_hash, content);
-- If two contents of one key arrive at the same time, only one is stored without a conflict.
CREATE UNIQUE INDEX entries_first ON spektr_inbox.entries (key_hash, source_hash)
  WHERE NOT conflict;
CREATE INDEX entries_spektr_id ON spektr_inbox.entries (spektr_hash);

-- The state of each entry. The rows are narrow, because PostgreSQL copies a row to change it.
CREATE TABLE spektr_inbox.work (
  number bigint PRIMARY KEY,
  state text NOT NULL,
  received_at bigint NOT NULL,
  order_at bigint NOT NULL,        -- created_at, or received_at if the event has no creation time
  lane bytea NOT NULL,             -- the hash of source and spektr id; unique if there is no spektr id
  attempts bigint NOT NULL,
  due_at bigint NOT NULL,          -- the time of the next attempt, or the end of the lease
  owner bigint,                    -- the worker with the lease; owner and attempts identify the lease
  reason bytea
) WITH (
  -- Every claim steps over dead rows, so vacuum removes them early and at full speed.
  autovacuum_vacuum_scale_factor = 0.01,
  autovacuum_vacuum_cost_delay = 0,
  autovacuum_analyze_scale_factor = 0.02
);

-- All indexes are partial, so that the cost of a claim does not grow with the number of done
-- entries. The metrics use the included time of arrival.
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
  headers bytea NOT NULL,          -- a JSON list of pairs: name and value in hexadecimal digits
  digest bytea NOT NULL UNIQUE,    -- the hash of the body
  body bytea NOT NULL
);

CREATE TABLE spektr_inbox.notes (
  name bytea PRIMARY KEY,
  text bytea NOT NULL
);
ALTER TABLE spektr_inbox.notes ALTER text SET STORAGE EXTERNAL;
