-- Version 5: an attempt belongs to the trace of its delivery, on any machine and at any time.

ALTER TABLE spektr_inbox.entries
  ADD COLUMN trace text;           -- the traceparent of the acceptance, if it was traced
