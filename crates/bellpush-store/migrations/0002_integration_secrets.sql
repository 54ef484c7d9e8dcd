CREATE TABLE integration_secrets (
    integration_id {ID} NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    name {ID} NOT NULL,
    sealed TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (integration_id, name)
) {CLUSTERED};

-- The Ed25519 key, beside the secret of HMAC-SHA256; made when it is first asked for.
ALTER TABLE integrations ADD COLUMN signing_key TEXT;

-- Secrets and keys that were rotated out, and sign until they expire.
CREATE TABLE retired_signing_secrets (
    id {ID} PRIMARY KEY,
    integration_id {ID} NOT NULL REFERENCES integrations (id) ON DELETE CASCADE,
    sealed TEXT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX retired_signing_secrets_by_integration ON retired_signing_secrets
    (integration_id, expires_at);

-- Outlives the integration, whose secrets it tells of.
CREATE TABLE audit (
    seq {SEQ},
    app_id {ID} NOT NULL REFERENCES apps (id) ON DELETE CASCADE,
    integration_id {ID} NOT NULL,
    action {ID} NOT NULL,
    secret_name {ID},
    api_key_id {ID} NOT NULL,
    address TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE INDEX audit_by_app ON audit (app_id, seq);
CREATE INDEX audit_by_integration ON audit (integration_id, seq);
CREATE INDEX audit_reveals ON audit (integration_id, at)
    WHERE action IN ('secret_revealed', 'signing_secret_revealed');
