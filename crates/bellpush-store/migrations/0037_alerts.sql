-- Rules that are looked at once a minute, with how they stand.
CREATE TABLE alert_rules (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    settings TEXT NOT NULL,
    active BOOLEAN NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    revision BIGINT NOT NULL DEFAULT 1,
    -- As JSON: state, and whether people know of it.
    progress TEXT NOT NULL,
    -- The minute of the last look, counted from 1970; and what was read then.
    looked_at BIGINT NOT NULL,
    value DOUBLE PRECISION,
    sample BIGINT NOT NULL,
    -- The alert that is not over yet, and the one that people know of and believe to go on.
    alert_id {ID},
    told_alert_id {ID},
    silenced_until BIGINT
);

CREATE INDEX alert_rules_by_app ON alert_rules (app_id, id);

-- What fired, and until when. A rule may be gone.
CREATE TABLE alerts (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    rule_id {ID} NOT NULL,
    rule_name TEXT NOT NULL,
    kind {ID} NOT NULL,
    fired_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- It recovered, or its rule was changed.
    ended_by {ID},
    value DOUBLE PRECISION NOT NULL,
    worst DOUBLE PRECISION NOT NULL,
    sample BIGINT NOT NULL
);

CREATE INDEX alerts_by_app ON alerts (app_id, id);
CREATE INDEX alerts_by_rule ON alerts (rule_id, app_id, id);

-- What people are told of alerts: written with the change that it tells of, and then put into the
-- event log under this very id.
CREATE TABLE alert_notices (
    event_id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    alert_id {ID} NOT NULL,
    kind {ID} NOT NULL,
    title TEXT NOT NULL,
    envelope TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- When it was in the event log.
    logged_at BIGINT
);

CREATE INDEX alert_notices_unlogged ON alert_notices (logged_at, event_id) WHERE logged_at IS NULL;
CREATE INDEX alert_notices_by_alert ON alert_notices (alert_id, event_id);

CREATE TABLE alert_mails (
    event_id {ID} NOT NULL REFERENCES alert_notices (event_id) ON DELETE CASCADE,
    address {ID} NOT NULL,
    attempts BIGINT NOT NULL,
    -- NULL: there will be no other attempt.
    next_due BIGINT,
    sent_at BIGINT,
    failure TEXT,
    PRIMARY KEY (event_id, address)
);

CREATE INDEX alert_mails_due ON alert_mails (next_due) WHERE next_due IS NOT NULL;
