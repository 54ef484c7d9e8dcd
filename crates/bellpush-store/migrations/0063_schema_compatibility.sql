-- The oldest version that a program has to know to work with this schema. A migration that takes
-- something away which older programs use raises it: UPDATE schema_compatibility SET oldest = ….
CREATE TABLE schema_compatibility (
    oldest BIGINT NOT NULL
);

INSERT INTO schema_compatibility (oldest) VALUES (63);
