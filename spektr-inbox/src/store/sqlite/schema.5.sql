-- Version 5: with ordered handling, an index finds the entries that wait for a dead letter without
-- reading other entries.

CREATE INDEX entries_dead ON entries (spektr_id, source, order_at, number) WHERE state = 'dead';
