-- Version 4: with ordered handling, an index finds the entries that wait for a dead letter without
-- reading other entries.

CREATE INDEX work_dead ON spektr_inbox.work (lane, order_at, number) WHERE state = 'dead';
