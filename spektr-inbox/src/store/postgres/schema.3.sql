-- Version 3: a tombstone says whose the entry was, so that an erasure finds it.

ALTER TABLE spektr_inbox.tombstones
  ADD COLUMN spektr_hash bytea;    -- SHA-256 of the spektr id, if there was one

CREATE INDEX tombstones_spektr_id ON spektr_inbox.tombstones (spektr_hash)
  WHERE spektr_hash IS NOT NULL;
