-- Dialogs of calls with phone systems that are open: whoever ends the calls of a dead server ends these,
-- too.
CREATE TABLE dialogs (
    sip_call_id {ID} PRIMARY KEY,
    call_id {ID} NOT NULL,
    -- Who took the call.
    profile_id {ID} NOT NULL,
    trunk_id {ID} NOT NULL,
    -- The server that answers for it.
    node_id {ID} NOT NULL,
    opened_at BIGINT NOT NULL,
    -- What its next request has to say: JSON, compressed and encrypted. Neither keys nor passwords.
    snapshot TEXT NOT NULL
);

CREATE INDEX dialogs_by_node ON dialogs (node_id);
CREATE INDEX dialogs_by_call ON dialogs (call_id, opened_at);
