CREATE TABLE design_drafts (
    app_id {ID} PRIMARY KEY REFERENCES app_rows (id) ON DELETE CASCADE,
    document TEXT NOT NULL,
    -- Counts up with every change.
    revision BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What was published, newest last; never changed.
CREATE TABLE design_versions (
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    version BIGINT NOT NULL,
    document TEXT NOT NULL,
    note TEXT,
    -- The version that this one brought back.
    restored BIGINT,
    api_key_id {ID} NOT NULL,
    published_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, version)
);

-- Who did what with a design. That of secrets is in `audit`, which names an integration in each row.
CREATE TABLE design_audit (
    seq {SEQ},
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    action {ID} NOT NULL,
    version BIGINT,
    api_key_id {ID} NOT NULL,
    address TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX design_audit_by_app ON design_audit (app_id, seq);

-- What a visitor consented to before the call, as JSON.
ALTER TABLE calls ADD COLUMN consent TEXT;

-- Visitors who asked to be called back.
CREATE TABLE callback_requests (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    session_id {ID} NOT NULL,
    event_id {ID} NOT NULL,
    call_id {ID},
    reason {ID} NOT NULL,
    form_values TEXT NOT NULL,
    requested_at BIGINT NOT NULL
);

CREATE INDEX callback_requests_by_app ON callback_requests (app_id, id);
