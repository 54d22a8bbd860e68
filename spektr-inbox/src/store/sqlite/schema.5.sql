-- Version 5: in order, what a dead letter holds back is found without a look at the others.

CREATE INDEX entries_dead ON entries (spektr_id, source, order_at, number) WHERE state = 'dead';
