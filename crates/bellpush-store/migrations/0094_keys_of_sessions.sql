-- What a session was begun with, and ends with: an API key, or a widget key. Neither refers to its row, since a session
-- outlives it as a record. NULL where another thing began it, or an earlier version did.
ALTER TABLE sessions ADD COLUMN api_key_id {ID};
ALTER TABLE sessions ADD COLUMN widget_key_id {ID};
