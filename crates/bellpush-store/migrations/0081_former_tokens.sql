-- The hashes of the token that was shown last for a call, and of the one that the answer brought, with a colon
-- between: until the connection that was answered stands, the former takes the call up as well, as the answer, or
-- the page that asked for it, may have been lost. Of no use once another token than that of the answer is the
-- present one.
ALTER TABLE calls ADD COLUMN former_token TEXT;
