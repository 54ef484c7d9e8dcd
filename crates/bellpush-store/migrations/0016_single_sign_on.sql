-- By whom a provider of single sign-on means a member.
CREATE TABLE sso_identities (
    issuer {ID} NOT NULL,
    subject {ID} NOT NULL,
    member_id {ID} NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    linked_at BIGINT NOT NULL,
    PRIMARY KEY (issuer, subject)
) {CLUSTERED};

CREATE INDEX sso_identities_by_member ON sso_identities (member_id);
