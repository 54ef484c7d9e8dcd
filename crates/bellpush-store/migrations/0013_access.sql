-- People who may sign in.
CREATE TABLE members (
    id {ID} PRIMARY KEY,
    name TEXT NOT NULL,
    -- In small letters.
    email {ID} NOT NULL UNIQUE,
    role {ID} NOT NULL,
    -- JSON: ids of the apps that the role is for; NULL: all, and the installation.
    apps TEXT,
    -- Argon2id, as a PHC string; NULL: they sign in otherwise.
    password_hash TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    -- Within a minute.
    last_seen_at BIGINT
);

CREATE INDEX members_owners ON members (id) WHERE role = 'owner';

-- Browsers that are signed in.
CREATE TABLE sign_ins (
    id {ID} PRIMARY KEY,
    member_id {ID} NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    token_hash {ID} NOT NULL UNIQUE,
    device TEXT NOT NULL,
    address TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    -- Within a minute.
    last_used_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    -- When it was last proved who sits there.
    proved_at BIGINT NOT NULL
);

CREATE INDEX sign_ins_by_member ON sign_ins (member_id, id);
CREATE INDEX sign_ins_by_expiry ON sign_ins (expires_at);

-- Links by which the first owner is made: all dead once there is one.
CREATE TABLE setup_links (
    token_hash {ID} PRIMARY KEY,
    created_at BIGINT NOT NULL
) {CLUSTERED};

CREATE TABLE invitations (
    id {ID} PRIMARY KEY,
    token_hash {ID} NOT NULL UNIQUE,
    email {ID} NOT NULL,
    role {ID} NOT NULL,
    -- As those of members.
    apps TEXT,
    invited_by {ID} REFERENCES members (id) ON DELETE CASCADE,
    created_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL
);

CREATE INDEX invitations_by_email ON invitations (email);
CREATE INDEX invitations_by_inviter ON invitations (invited_by);

-- JSON: what the key may do; NULL: everything, as keys of before.
ALTER TABLE api_keys ADD COLUMN scopes TEXT;
-- As those of members.
ALTER TABLE api_keys ADD COLUMN apps TEXT;
ALTER TABLE api_keys ADD COLUMN expires_at BIGINT;
-- The member who made it; NULL: it is the installation's own.
ALTER TABLE api_keys ADD COLUMN made_by {ID};

CREATE INDEX api_keys_by_maker ON api_keys (made_by) WHERE made_by IS NOT NULL;
