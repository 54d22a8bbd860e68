-- Version 4: tombstones keep a hash of the spektr id, so that an erasure finds them.

ALTER TABLE tombstones ADD COLUMN spektr_hash BLOB; -- SHA-256 of the spektr id, if the entry had one

CREATE INDEX tombstones_spektr_id ON tombstones (spektr_hash) WHERE spektr_hash IS NOT NULL;
