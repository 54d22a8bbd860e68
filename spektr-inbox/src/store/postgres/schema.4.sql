-- Version 4: in order, what a dead letter holds back is found without a look at the others.

CREATE INDEX work_dead ON spektr_inbox.work (lane, order_at, number) WHERE state = 'dead';
