-- Revisions count the changes of what can be changed, so that nobody overwrites what they have not seen.
ALTER TABLE app_rows ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE destinations ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE trunks ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE integrations ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE members ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE settings ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;

DROP VIEW apps;
CREATE VIEW apps AS
SELECT id, settings, created_at, updated_at, revision
FROM app_rows
WHERE NOT removed;
