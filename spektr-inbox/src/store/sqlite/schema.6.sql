-- Version 6: an attempt is in the trace of the delivery, on whatever machine and however late.

-- Behind the raw JSON, as those of version 3.
ALTER TABLE entries ADD COLUMN trace TEXT;         -- traceparent of the acceptance, if there was a trace
