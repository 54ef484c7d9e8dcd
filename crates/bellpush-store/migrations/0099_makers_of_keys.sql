-- The API key by which a key or an invitation was made, and with which it goes. NULL: no key made it, or an earlier
-- version did.
ALTER TABLE api_keys ADD COLUMN made_by_key {ID} REFERENCES api_keys (id) ON DELETE CASCADE;
ALTER TABLE invitations ADD COLUMN made_by_key {ID} REFERENCES api_keys (id) ON DELETE CASCADE;

CREATE INDEX api_keys_by_making_key ON api_keys (made_by_key) WHERE made_by_key IS NOT NULL;
CREATE INDEX invitations_by_making_key ON invitations (made_by_key) WHERE made_by_key IS NOT NULL;
