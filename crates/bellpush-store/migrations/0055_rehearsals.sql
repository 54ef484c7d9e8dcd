-- Rehearsals: for some minutes, an integration's endpoint or a profile's far side fails for previews.
CREATE TABLE rehearsals (
    id {ID} PRIMARY KEY,
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    -- The id of the integration or of the profile.
    target {ID} NOT NULL,
    fault {ID} NOT NULL,
    started_at BIGINT NOT NULL,
    -- When it ends by itself, whether or not somebody has written that down since.
    ends_at BIGINT NOT NULL,
    ended_at BIGINT,
    -- How its own breaker does, while that is not closed.
    failing_since BIGINT,
    trips BIGINT,
    open_until BIGINT
);

-- One at a time of each target.
CREATE UNIQUE INDEX rehearsals_running ON rehearsals (target) WHERE ended_at IS NULL;
CREATE INDEX rehearsals_due ON rehearsals (ends_at) WHERE ended_at IS NULL;
CREATE INDEX rehearsals_by_app ON rehearsals (app_id, id);
CREATE INDEX rehearsals_by_target ON rehearsals (target, app_id, id);

-- The rehearsal that an attempt was simulated for.
ALTER TABLE attempts ADD COLUMN rehearsal_id {ID};
CREATE INDEX attempts_by_rehearsal ON attempts (rehearsal_id, integration_id, event_seq)
    WHERE rehearsal_id IS NOT NULL;
