-- Version 4: a tombstone says whose the entry was, so that an erasure finds it.

ALTER TABLE tombstones ADD COLUMN spektr_hash BLOB; -- SHA-256 of the spektr id, if there was one

CREATE INDEX tombstones_spektr_id ON tombstones (spektr_hash) WHERE spektr_hash IS NOT NULL;
