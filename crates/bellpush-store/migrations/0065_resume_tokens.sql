-- The hash of the one-time token by which a call is taken up, at its own server or at another: whoever
-- shows the token has the call. NULL: nobody can take it up.
ALTER TABLE calls ADD COLUMN resume_hash TEXT;
