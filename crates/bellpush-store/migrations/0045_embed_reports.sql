-- What real visits report of the pages that embed a widget: the last of each page, some pages of an app.
CREATE TABLE embed_reports (
    app_id {ID} NOT NULL REFERENCES app_rows (id) ON DELETE CASCADE,
    -- Origin and path, without what may name a visitor.
    page {ID} NOT NULL,
    -- Why the widget was not shown.
    problem {ID},
    microphone BOOLEAN,
    frames BIGINT,
    loader BOOLEAN,
    first_seen_at BIGINT NOT NULL,
    seen_at BIGINT NOT NULL,
    PRIMARY KEY (app_id, page)
);

CREATE INDEX embed_reports_by_time ON embed_reports (app_id, seen_at);
