-- The last line of the trail: who writes the next one holds this row until it is committed.
CREATE TABLE audit_head (
    id BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,
    hash {ID} NOT NULL
);

INSERT INTO audit_head (id, seq, hash) VALUES (1, 0, '');

-- Who did what, when, and from where; each line has a hash over itself and the line before. It
-- refers to nothing, since it outlives what it tells of.
CREATE TABLE audit_trail (
    seq BIGINT PRIMARY KEY,
    at BIGINT NOT NULL,
    action {ID} NOT NULL,
    actor_kind {ID} NOT NULL,
    actor_id {ID},
    actor_name TEXT,
    address TEXT,
    app_id {ID},
    subject_id {ID},
    subject_name TEXT,
    -- JSON: field by field, before and after.
    changes TEXT NOT NULL,
    hash {ID} NOT NULL
) {CLUSTERED};

CREATE INDEX audit_trail_by_app ON audit_trail (app_id, seq);
CREATE INDEX audit_trail_by_actor ON audit_trail (actor_id, seq);
CREATE INDEX audit_trail_by_subject ON audit_trail (subject_id, seq);
CREATE INDEX audit_trail_by_action ON audit_trail (action, seq);
CREATE INDEX audit_trail_by_time ON audit_trail (at, seq);
CREATE INDEX audit_trail_reveals ON audit_trail (subject_id, at)
    WHERE action IN ('secret_revealed', 'signing_secret_revealed');

-- What was written down before, in two tables: hashed when the store is opened.
INSERT INTO audit_trail
    (seq, at, action, actor_kind, actor_id, actor_name, address, app_id, subject_id, subject_name,
     changes, hash)
SELECT
    ROW_NUMBER() OVER (ORDER BY at, source, place), at, action, 'api_key', api_key_id,
    (SELECT name FROM api_keys WHERE id = api_key_id), address, app_id, subject_id, subject_name,
    '[]', ''
FROM (
    SELECT
        1 AS source, seq AS place, at, action, api_key_id, address, app_id,
        integration_id AS subject_id, secret_name AS subject_name
    FROM audit
    UNION ALL
    SELECT
        2, seq, at, 'design_' || action, api_key_id, address, app_id, app_id,
        CAST(version AS TEXT)
    FROM design_audit
) AS earlier;

UPDATE audit_head
SET seq = (SELECT COUNT(*) FROM audit_trail);

-- Who published it, as JSON; NULL: the API key that is named.
ALTER TABLE design_versions ADD COLUMN published_by TEXT;
