-- Calls or events of an app, written into a file by a job that goes on after a crash where it was.
CREATE TABLE exports (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    kind {ID} NOT NULL,
    format {ID} NOT NULL,
    -- As JSON: which rows, and the context's keys that have columns.
    filter TEXT NOT NULL,
    context_keys TEXT NOT NULL,
    state {ID} NOT NULL,
    failure TEXT,
    -- How far it is: the rows and bytes so far, in so many parts, and after which row it goes on.
    row_count BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    parts BIGINT NOT NULL,
    place TEXT NOT NULL,
    -- The node that writes it has so long for its next step.
    leased_until BIGINT NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT,
    expires_at BIGINT NOT NULL
);

CREATE INDEX exports_by_app ON exports (app_id, id);
CREATE INDEX exports_running ON exports (state, id) WHERE state = 'running';
CREATE INDEX exports_by_expiry ON exports (expires_at);

-- Compressed and encrypted.
CREATE TABLE export_parts (
    export_id {ID} NOT NULL REFERENCES exports (id) ON DELETE CASCADE,
    part BIGINT NOT NULL,
    body {BYTES} NOT NULL,
    PRIMARY KEY (export_id, part)
);
