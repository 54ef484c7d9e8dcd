CREATE TABLE trunks (
    id {ID} PRIMARY KEY,
    settings TEXT NOT NULL,
    -- Sealed.
    password TEXT,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL
);

-- What a destination is, beside the columns that the version before reads. It made only demos.
ALTER TABLE destinations ADD COLUMN settings TEXT NOT NULL DEFAULT '{"name":"Demo","kind":"demo"}';
-- What its settings refer to, so that no trunk goes away under a profile.
ALTER TABLE destinations ADD COLUMN trunk_id {ID} REFERENCES trunks (id);

CREATE INDEX destinations_by_trunk ON destinations (trunk_id) WHERE trunk_id IS NOT NULL;

-- How a call sounded, as JSON.
ALTER TABLE calls ADD COLUMN quality TEXT;

-- Where browsers reach this node alone, when the operator has named it.
ALTER TABLE nodes ADD COLUMN url TEXT;
