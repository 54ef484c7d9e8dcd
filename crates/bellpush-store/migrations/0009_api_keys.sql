-- Whether it came by the configuration: then it goes with it.
ALTER TABLE api_keys ADD COLUMN configured BOOLEAN NOT NULL DEFAULT FALSE;

-- Within a minute; NULL: never, or before this was kept.
ALTER TABLE api_keys ADD COLUMN last_used_at BIGINT;

UPDATE api_keys
SET configured = TRUE
WHERE name = 'admin (from the configuration)';
