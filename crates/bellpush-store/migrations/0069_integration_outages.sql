-- When the endpoints of integrations were out of order, as far as that was kept: an outage goes on for as
-- long as the integration has a row in outages.
CREATE TABLE integration_outages (
    integration_id {ID} NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    began_at BIGINT NOT NULL,
    -- NULL: it goes on.
    ended_at BIGINT,
    PRIMARY KEY (integration_id, began_at)
) {CLUSTERED};

-- Whoever sees it, it is one.
CREATE UNIQUE INDEX integration_outages_open ON integration_outages (integration_id)
    WHERE ended_at IS NULL;
CREATE INDEX integration_outages_by_age ON integration_outages (ended_at)
    WHERE ended_at IS NOT NULL;
