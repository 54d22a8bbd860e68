-- Version 2: what a claim in order needs so that it reads little, however much waits.

-- A file of a build before the first release can have the first of them already.
CREATE INDEX IF NOT EXISTS entries_leased ON entries (spektr_id, source)
  WHERE state = 'pending' AND owner IS NOT NULL;
CREATE INDEX entries_without_lane ON entries (due_at, number)
  WHERE state = 'pending' AND spektr_id IS NULL;
