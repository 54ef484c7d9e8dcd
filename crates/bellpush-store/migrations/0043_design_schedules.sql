-- A document that is published by itself at its time: what the draft was when that was decided.
CREATE TABLE design_schedules (
    app_id {ID} PRIMARY KEY REFERENCES app_rows (id) ON DELETE CASCADE,
    document TEXT NOT NULL,
    note TEXT,
    -- Who decided it, as JSON.
    scheduled_by TEXT NOT NULL,
    scheduled_at BIGINT NOT NULL,
    publish_at BIGINT NOT NULL,
    -- Counts up with every decision.
    revision BIGINT NOT NULL
);

CREATE INDEX design_schedules_due ON design_schedules (publish_at);
