-- When it was noticed that the server of a live call is gone: from then on it waits for somebody to take
-- it up.
ALTER TABLE calls ADD COLUMN orphaned_at BIGINT;
