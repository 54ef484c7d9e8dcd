-- What was recorded of calls besides events: SIP messages, how they sounded, and what the server saw.
-- Compressed, and encrypted with a key that `settings` holds sealed.
CREATE TABLE call_records (
    call_id {ID} NOT NULL,
    -- The place of its first entry in the order of the process that saw them.
    part BIGINT NOT NULL,
    app_id {ID} NOT NULL,
    recorded_at BIGINT NOT NULL,
    bytes BIGINT NOT NULL,
    -- What found no room in it.
    dropped BIGINT NOT NULL,
    body {BYTES} NOT NULL,
    PRIMARY KEY (call_id, part)
);

CREATE INDEX call_records_by_time ON call_records (recorded_at, bytes);

-- For a call's timeline.
CREATE INDEX callback_requests_by_call ON callback_requests (call_id, id) WHERE call_id IS NOT NULL;
