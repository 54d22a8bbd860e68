-- Version 6: an attempt belongs to the trace of its delivery, on any machine and at any time.

-- The column is after the raw JSON, like the columns of version 3.
ALTER TABLE entries ADD COLUMN trace TEXT;         -- the traceparent of the acceptance, if it was traced
