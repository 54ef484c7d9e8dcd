-- Attempts before the last replay: the schedule of retries counts from here.
ALTER TABLE deliveries ADD COLUMN earlier_attempts BIGINT NOT NULL DEFAULT 0;

DROP INDEX deliveries_pending;
CREATE INDEX deliveries_pending ON deliveries
    (integration_id, status, event_seq, attempts, next_due, earlier_attempts)
    WHERE status = 'pending';
DROP INDEX deliveries_dead;
CREATE INDEX deliveries_dead ON deliveries
    (integration_id, status, event_seq, attempts, next_due, earlier_attempts)
    WHERE status = 'dead';

-- Why and when the server switched an integration off.
ALTER TABLE integrations ADD COLUMN disabled_reason TEXT;
ALTER TABLE integrations ADD COLUMN disabled_at BIGINT;

-- Of integrations whose breaker is not closed.
CREATE TABLE outages (
    integration_id {ID} PRIMARY KEY REFERENCES integrations (id) ON DELETE CASCADE,
    failing_since BIGINT NOT NULL,
    trips BIGINT NOT NULL,
    open_until BIGINT NOT NULL
);

CREATE TABLE notifications (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    integration_id {ID} NOT NULL,
    integration_name TEXT NOT NULL,
    reason TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When the admins' webhook took it.
    sent_at BIGINT
);

CREATE INDEX notifications_unsent ON notifications (sent_at, id) WHERE sent_at IS NULL;

-- Attempts by hour, by where they left their deliveries, and by how long they took.
CREATE TABLE attempt_hours (
    integration_id {ID} NOT NULL,
    hour BIGINT NOT NULL,
    outcome {ID} NOT NULL,
    bucket BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (integration_id, hour, outcome, bucket)
) {CLUSTERED};

-- What was seen of the queue in an hour.
CREATE TABLE backlog_hours (
    integration_id {ID} NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    hour BIGINT NOT NULL,
    most_waiting BIGINT NOT NULL,
    breaker_open_seconds BIGINT NOT NULL,
    PRIMARY KEY (integration_id, hour)
) {CLUSTERED};

CREATE TABLE replays (
    id {ID} PRIMARY KEY,
    integration_id {ID} NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    app_id {ID} NOT NULL,
    filter TEXT NOT NULL,
    state {ID} NOT NULL,
    -- Everything up to here is dealt with; what comes after the last one does not belong to it.
    done_to BIGINT NOT NULL,
    last_seq BIGINT NOT NULL,
    total BIGINT,
    replayed BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX replays_by_integration ON replays (integration_id, id);
CREATE UNIQUE INDEX replays_one_running ON replays (integration_id) WHERE state = 'running';
