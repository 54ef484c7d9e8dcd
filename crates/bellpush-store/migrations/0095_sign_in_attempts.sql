-- How often it was tried to sign in to an account in a minute, at all servers. Kept for that minute.
CREATE TABLE sign_in_attempts (
    -- The SHA-256 of what was typed as the e-mail address.
    account {ID} NOT NULL,
    -- Minutes since the epoch.
    minute BIGINT NOT NULL,
    attempts BIGINT NOT NULL,
    PRIMARY KEY (account, minute)
) {CLUSTERED};

CREATE INDEX sign_in_attempts_by_age ON sign_in_attempts (minute);
