-- A node's place among the others: 0 for one of a version that knew of no shards.
ALTER TABLE nodes ADD COLUMN incarnation BIGINT NOT NULL DEFAULT 0;
-- Whether it takes shards.
ALTER TABLE nodes ADD COLUMN takes_shards BOOLEAN NOT NULL DEFAULT FALSE;

-- Who delivers what: a shard of the integrations belongs to one node at a time, or to none.
CREATE TABLE shards (
    shard BIGINT PRIMARY KEY,
    node_id {ID},
    -- Counts the changes of its owner.
    epoch BIGINT NOT NULL,
    taken_at BIGINT
);

CREATE INDEX shards_by_node ON shards (node_id);

INSERT INTO shards (shard, epoch)
WITH RECURSIVE numbers (number) AS (
    SELECT 0
    UNION ALL
    SELECT number + 1
    FROM numbers
    WHERE number < 127
)
SELECT number, 0
FROM numbers;
