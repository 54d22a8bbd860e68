-- Version 2: leases that never repeat, and what remains of what was done.

ALTER TABLE spektr_inbox.work
  ADD COLUMN lease bigint,         -- the token of the latest lease
  ADD COLUMN leased_at bigint;     -- when that lease began

-- From this version on, entries.content is the byte 2 and a hash of 32 bytes. Without that
-- byte it is a hash as version 1 made it.

-- The tokens of leases.
CREATE SEQUENCE spektr_inbox.leases;

-- What identifies entries that were deleted, so that they are not stored again as new ones.
-- An entry is compared with these rows as with entries.
CREATE TABLE spektr_inbox.tombstones (
  source_hash bytea NOT NULL,
  key_hash bytea NOT NULL,
  content bytea NOT NULL,
  pruned_at bigint NOT NULL,
  PRIMARY KEY (key_hash, source_hash, content)
);

CREATE INDEX tombstones_pruned ON spektr_inbox.tombstones (pruned_at);

-- What operators did. Rows are only added, and hold no value of a payload.
CREATE TABLE spektr_inbox.actions (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  at bigint NOT NULL,
  actor bytea NOT NULL,            -- the system's account, or whom the operator named
  action text NOT NULL,            -- a word of the type Action
  filter bytea,                    -- as JSON; none of an erasure
  affected bigint NOT NULL,        -- how many entries
  details bytea                    -- as JSON
);

-- The latest attempts of each entry. A lease has one row, from its end on.
CREATE TABLE spektr_inbox.attempts (
  entry bigint NOT NULL,           -- the number of the entry
  lease bigint NOT NULL,           -- the token
  attempt bigint NOT NULL,
  began_at bigint,                 -- none if an earlier version gave the lease
  ended_at bigint NOT NULL,
  result text NOT NULL,
  status integer,                  -- of the HTTP response, where events are forwarded
  PRIMARY KEY (entry, lease)
);
