-- Challenges whose answer was taken: each is good for one session, at whichever server. Kept until it could not be
-- answered any more.
CREATE TABLE solved_challenges (
    challenge {ID} PRIMARY KEY,
    expires_at BIGINT NOT NULL
) {CLUSTERED};

CREATE INDEX solved_challenges_by_expiry ON solved_challenges (expires_at);
