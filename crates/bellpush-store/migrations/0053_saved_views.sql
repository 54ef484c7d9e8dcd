-- What members keep of a list's filters and columns, under a name.
CREATE TABLE saved_views (
    id {ID} PRIMARY KEY,
    member_id {ID} NOT NULL REFERENCES members (id) ON DELETE CASCADE,
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    list {ID} NOT NULL,
    name {ID} NOT NULL,
    query TEXT NOT NULL
);

CREATE UNIQUE INDEX saved_views_by_member ON saved_views (member_id, app_id, list, name);

CREATE INDEX saved_views_by_app ON saved_views (app_id);
