-- What an attempt sent and what came back, where it is kept: compressed, encrypted with the key that
-- `settings` holds sealed, and written as base64.
ALTER TABLE attempts ADD COLUMN exchange TEXT;
