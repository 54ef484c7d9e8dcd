-- When trunks were out of order, as far as that was seen.
CREATE TABLE trunk_outages (
    trunk_id {ID} NOT NULL REFERENCES trunks (id) ON DELETE CASCADE,
    began_at BIGINT NOT NULL,
    -- NULL: it goes on.
    ended_at BIGINT,
    PRIMARY KEY (trunk_id, began_at)
) {CLUSTERED};

-- Whoever sees it, it is one.
CREATE UNIQUE INDEX trunk_outages_open ON trunk_outages (trunk_id) WHERE ended_at IS NULL;
CREATE INDEX trunk_outages_by_age ON trunk_outages (ended_at) WHERE ended_at IS NOT NULL;
