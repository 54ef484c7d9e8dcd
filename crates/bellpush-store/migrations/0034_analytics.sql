-- What a session's browser says of itself, and how a call's media went.
ALTER TABLE sessions ADD COLUMN browser TEXT;
ALTER TABLE sessions ADD COLUMN language TEXT;
ALTER TABLE calls ADD COLUMN network TEXT;

-- What was counted of each app in an hour of UTC.
CREATE TABLE analytics_hours (
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    hour BIGINT NOT NULL,
    body {BYTES} NOT NULL,
    PRIMARY KEY (app_id, hour)
);

CREATE INDEX analytics_hours_by_age ON analytics_hours (hour);

-- How far the log is counted: every event up to this place, and none after it. One row.
CREATE TABLE analytics_progress (
    id BIGINT PRIMARY KEY,
    seq BIGINT NOT NULL,
    -- Everything that was recorded before is counted.
    up_to BIGINT NOT NULL
);

INSERT INTO analytics_progress (id, seq, up_to) VALUES (1, 0, 0);
