-- {ID}: an id or another text that is compared byte by byte.
-- {SEQ}: a key that the database counts up.
-- {CLUSTERED}: the rows are kept in the order of the primary key, where the database can do so.

CREATE TABLE nodes (
    id {ID} PRIMARY KEY,
    lease_until BIGINT NOT NULL
);

CREATE TABLE settings (
    key {ID} PRIMARY KEY,
    value TEXT NOT NULL
);

CREATE TABLE api_keys (
    id {ID} PRIMARY KEY,
    name TEXT NOT NULL,
    hash {ID} NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE TABLE apps (
    id {ID} PRIMARY KEY,
    settings TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE TABLE widget_keys (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    key {ID} NOT NULL UNIQUE,
    created_at BIGINT NOT NULL
);

CREATE INDEX widget_keys_by_app ON widget_keys (app_id, id);

CREATE TABLE destinations (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL,
    is_default BOOLEAN NOT NULL
);

CREATE INDEX destinations_by_app ON destinations (app_id, id);
CREATE UNIQUE INDEX destinations_one_default ON destinations (app_id) WHERE is_default;

CREATE TABLE integrations (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    settings TEXT NOT NULL,
    -- What the log needs of the settings to choose integrations.
    active BOOLEAN NOT NULL,
    include_previews BOOLEAN NOT NULL,
    signing_secret TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

CREATE INDEX integrations_by_app ON integrations (app_id, id);

CREATE TABLE integration_events (
    integration_id {ID} NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    name {ID} NOT NULL,
    PRIMARY KEY (integration_id, name)
) {CLUSTERED};

CREATE TABLE sessions (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    origin TEXT,
    context TEXT NOT NULL,
    preview BOOLEAN NOT NULL,
    routing_key TEXT,
    destination_id {ID},
    created_at BIGINT NOT NULL
);

CREATE INDEX sessions_by_app ON sessions (app_id, id);

CREATE TABLE session_tokens (
    token_hash {ID} PRIMARY KEY,
    session_id {ID} NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    expires_at BIGINT NOT NULL
) {CLUSTERED};

CREATE INDEX session_tokens_by_session ON session_tokens (session_id);
CREATE INDEX session_tokens_by_expiry ON session_tokens (expires_at);

CREATE TABLE session_context (
    app_id {ID} NOT NULL,
    key {ID} NOT NULL,
    value {ID} NOT NULL,
    session_id {ID} NOT NULL REFERENCES sessions (id) ON DELETE CASCADE,
    PRIMARY KEY (app_id, key, value, session_id)
) {CLUSTERED};

CREATE INDEX session_context_by_session ON session_context (session_id);

CREATE TABLE calls (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL,
    session_id {ID} NOT NULL,
    destination_id {ID},
    profile_id {ID} NOT NULL,
    routing_key TEXT,
    node_id {ID} NOT NULL,
    form_values TEXT,
    state {ID} NOT NULL,
    started_at BIGINT NOT NULL,
    connected_at BIGINT,
    ended_at BIGINT,
    end_reason TEXT,
    duration BIGINT,
    error_code TEXT
);

CREATE INDEX calls_by_app ON calls (app_id, id);
CREATE INDEX calls_by_session ON calls (session_id, id);
CREATE INDEX calls_live ON calls (state, id) WHERE state = 'live';

-- The log has no foreign keys: each would cost a look-up per event. What they would keep is kept by
-- the one writer, which excludes the deletion of apps and integrations.
CREATE TABLE events (
    seq {SEQ},
    id {ID} NOT NULL UNIQUE,
    app_id {ID} NOT NULL,
    session_id {ID} NOT NULL,
    call_id {ID},
    name {ID} NOT NULL,
    preview BOOLEAN NOT NULL,
    envelope TEXT NOT NULL,
    occurred_at BIGINT NOT NULL,
    recorded_at BIGINT NOT NULL
);

CREATE INDEX events_by_app ON events (app_id, seq);
CREATE INDEX events_by_name ON events (app_id, name, seq);
CREATE INDEX events_by_session ON events (session_id, seq);
CREATE INDEX events_by_call ON events (call_id, seq) WHERE call_id IS NOT NULL;
CREATE UNIQUE INDEX events_one_start ON events (call_id) WHERE name = 'call_started';
CREATE UNIQUE INDEX events_one_end ON events (call_id) WHERE name IN ('call_ended', 'call_error');
CREATE UNIQUE INDEX events_one_survey ON events (call_id) WHERE name = 'survey_submitted';

CREATE TABLE survey_responses (
    call_id {ID} PRIMARY KEY,
    event_id {ID} NOT NULL,
    answers TEXT NOT NULL
);

CREATE TABLE deliveries (
    integration_id {ID} NOT NULL,
    event_seq BIGINT NOT NULL,
    status {ID} NOT NULL,
    attempts BIGINT NOT NULL,
    next_due BIGINT,
    PRIMARY KEY (integration_id, event_seq)
) {CLUSTERED};

-- With all columns, so that SQLite prefers these to the primary key.
CREATE INDEX deliveries_pending ON deliveries
    (integration_id, status, event_seq, attempts, next_due) WHERE status = 'pending';
CREATE INDEX deliveries_dead ON deliveries
    (integration_id, status, event_seq, attempts, next_due) WHERE status = 'dead';

CREATE TABLE attempts (
    integration_id {ID} NOT NULL,
    event_seq BIGINT NOT NULL,
    number BIGINT NOT NULL,
    started_at BIGINT NOT NULL,
    duration_ms BIGINT NOT NULL,
    status BIGINT,
    failure TEXT,
    detail TEXT NOT NULL,
    next_due BIGINT,
    PRIMARY KEY (integration_id, event_seq, number)
) {CLUSTERED};
