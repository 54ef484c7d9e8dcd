-- The files of the web parts whose names carry a hash, as they are in each version that has run on this database of
-- late: while two versions run beside each other, each is asked for files of the other's pages. Only PostgreSQL, which
-- several servers share, has any.
CREATE TABLE web_files (
    path TEXT PRIMARY KEY,
    body {BYTES} NOT NULL,
    -- Compressed, for browsers that take it; NULL: it does not get smaller.
    brotli {BYTES},
    -- When a server that has it has last said so.
    published_at BIGINT NOT NULL
);
