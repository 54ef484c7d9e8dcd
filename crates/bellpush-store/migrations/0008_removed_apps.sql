-- An app that is removed stays as a row until all that hangs on it is taken away, little by little.
-- `apps` shows those that are there; who writes, writes to `app_rows`.
ALTER TABLE apps RENAME TO app_rows;
ALTER TABLE app_rows ADD COLUMN removed BOOLEAN NOT NULL DEFAULT FALSE;

CREATE VIEW apps AS
SELECT id, settings, created_at, updated_at
FROM app_rows
WHERE NOT removed;
