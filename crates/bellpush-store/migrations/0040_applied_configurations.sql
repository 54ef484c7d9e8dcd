-- What was last applied to an app from a file, to tell what has changed since. Without secrets.
CREATE TABLE applied_configurations (
    app_id {ID} PRIMARY KEY REFERENCES app_rows (id) ON DELETE CASCADE,
    document TEXT NOT NULL,
    -- What the file is called, in the words of who applied it.
    file_name TEXT,
    -- Who, as JSON.
    applied_by TEXT NOT NULL,
    applied_at BIGINT NOT NULL
);
