-- What a member has for codes from a telephone.
CREATE TABLE totp_keys (
    member_id {ID} PRIMARY KEY REFERENCES members (id) ON DELETE CASCADE,
    sealed TEXT NOT NULL,
    -- The step of the last code that was taken: each works once. NULL: none was yet, and the key is
    -- not in use.
    last_step BIGINT,
    created_at BIGINT NOT NULL
);

-- Codes for when the telephone is lost; each works once.
CREATE TABLE backup_codes (
    member_id {ID} NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    code_hash {ID} NOT NULL,
    PRIMARY KEY (member_id, code_hash)
) {CLUSTERED};

CREATE TABLE passkeys (
    id {ID} PRIMARY KEY,
    member_id {ID} NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    -- What the authenticator calls it, as base64url.
    credential_id {ID} NOT NULL UNIQUE,
    -- Its public key and counter, as JSON.
    credential TEXT NOT NULL,
    name TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    last_used_at BIGINT
);

CREATE INDEX passkeys_by_member ON passkeys (member_id, id);

-- Ways in that somebody is in the middle of; each is gone when it goes on.
CREATE TABLE ceremonies (
    token_hash {ID} PRIMARY KEY,
    kind {ID} NOT NULL,
    -- Whose it is, where that is known.
    member_id {ID} REFERENCES members (id) ON DELETE CASCADE,
    -- What it goes on with, as JSON.
    state TEXT NOT NULL,
    expires_at BIGINT NOT NULL
) {CLUSTERED};

CREATE INDEX ceremonies_by_expiry ON ceremonies (expires_at);

-- Links by which an owner comes back; made on the host alone.
CREATE TABLE recovery_links (
    token_hash {ID} PRIMARY KEY,
    email {ID} NOT NULL,
    expires_at BIGINT NOT NULL
) {CLUSTERED};

-- How somebody came in.
ALTER TABLE sign_ins ADD COLUMN way {ID} NOT NULL DEFAULT 'password';
