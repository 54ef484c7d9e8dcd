-- What was erased of people, or is being erased: of whom is told by ids of sessions alone, which
-- stay as a tombstone.
CREATE TABLE erasures (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    state {ID} NOT NULL,
    -- Who asked for it, as JSON.
    requested_by TEXT NOT NULL,
    -- How many sessions there are, and with how many it is done.
    sessions BIGINT NOT NULL,
    done BIGINT NOT NULL,
    -- What went so far, and which endpoints had been sent it, as JSON.
    report TEXT NOT NULL,
    -- Whether it was done again, in a database that did not know of it.
    repeated BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    ended_at BIGINT
);

CREATE INDEX erasures_by_app ON erasures (app_id, id);
CREATE INDEX erasures_running ON erasures (state, id) WHERE state = 'running';

CREATE TABLE erased_sessions (
    erasure_id {ID} NOT NULL REFERENCES erasures (id) ON DELETE CASCADE,
    session_id {ID} NOT NULL,
    is_done BOOLEAN NOT NULL,
    PRIMARY KEY (erasure_id, session_id)
) {CLUSTERED};

CREATE INDEX callback_requests_by_session ON callback_requests (session_id);
