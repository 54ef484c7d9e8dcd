{POSTGRES}
-- Says of the tables that are to be partitioned what their rows are below, so that they can become the
-- first partition without being read meanwhile: by the time in their ids, or by places in the log.
DO $$
DECLARE
    day CONSTANT BIGINT := 86400000;
    now CONSTANT BIGINT := extract(epoch FROM clock_timestamp()) * 1000;
    -- Of a clock that was ahead.
    latest CONSTANT BIGINT := (
        SELECT max(('x0000' || digits)::BIT(64)::BIGINT)
        FROM (
            SELECT substr(replace(max(id), '-', ''), 1, 12) AS digits FROM events
            UNION ALL
            SELECT substr(max(id), 5, 12) FROM sessions
        ) AS newest
        WHERE digits ~ '^[0-9a-f]{12}$'
    );
    -- Two weeks are time enough for the next two versions of the schema: a program that comes back
    -- without them can't write beyond.
    until CONSTANT TEXT := lpad(to_hex((greatest(now + 14 * day, latest) / day + 1) * day), 12, '0');
    -- At least a million places, and a tenth of what there is.
    place BIGINT := (SELECT last_value + greatest(1000000, last_value / 10) FROM events_seq_seq);
BEGIN
    EXECUTE format('ALTER TABLE events ADD CONSTRAINT events_first_bound CHECK (id < %L) NOT VALID',
        substr(until, 1, 8) || '-' || substr(until, 9));
    EXECUTE format('ALTER TABLE sessions ADD CONSTRAINT sessions_first_bound CHECK (id < %L) NOT VALID',
        'ses_' || until);
    EXECUTE format('ALTER TABLE session_context ADD CONSTRAINT session_context_first_bound CHECK (session_id < %L) NOT VALID',
        'ses_' || until);
    EXECUTE format('ALTER TABLE deliveries ADD CONSTRAINT deliveries_first_bound CHECK (event_seq < %L::BIGINT) NOT VALID', place);
    EXECUTE format('ALTER TABLE attempts ADD CONSTRAINT attempts_first_bound CHECK (event_seq < %L::BIGINT) NOT VALID', place);
END
$$;
