-- Version 5: an attempt is in the trace of the delivery, on whatever machine and however late.

ALTER TABLE spektr_inbox.entries
  ADD COLUMN trace text;           -- traceparent of the acceptance, if there was a trace
