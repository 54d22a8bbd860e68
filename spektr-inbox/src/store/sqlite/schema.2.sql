-- Version 2: indexes for ordered claims, which then read few rows beside any backlog.

-- A database file from before the first release may already have the first index.
CREATE INDEX IF NOT EXISTS entries_leased ON entries (spektr_id, source)
  WHERE state = 'pending' AND owner IS NOT NULL;
CREATE INDEX entries_without_lane ON entries (due_at, number)
  WHERE state = 'pending' AND spektr_id IS NULL;
