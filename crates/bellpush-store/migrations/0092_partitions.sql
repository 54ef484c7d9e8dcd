{POSTGRES}
-- Makes what visits and events leave partitioned tables, so that what is old goes by dropping a
-- partition. What there is becomes the first one; what fits nowhere goes into the default one.
--
-- A table's unique keys have its partition key in them. So each partition of events has keys of its own
-- for places and for what a call has once, and the call's row keeps the rest.
DO $$
DECLARE
    parent TEXT;
    key TEXT;
    bound TEXT;
    item RECORD;
    statements TEXT[];
    statement TEXT;
BEGIN
    LOCK TABLE events, sessions, session_context, session_tokens, deliveries, attempts
        IN ACCESS EXCLUSIVE MODE;

    EXECUTE format('CREATE SEQUENCE event_places START %s',
        (SELECT CASE WHEN is_called THEN last_value + 1 ELSE last_value END FROM events_seq_seq));
    ALTER TABLE events ALTER COLUMN seq DROP IDENTITY;
    ALTER TABLE events ALTER COLUMN seq SET DEFAULT nextval('event_places');
    ALTER TABLE session_tokens DROP CONSTRAINT session_tokens_session_id_fkey;
    ALTER TABLE session_context DROP CONSTRAINT session_context_session_id_fkey;

    FOR parent, key IN VALUES
        ('events', 'id'), ('sessions', 'id'), ('session_context', 'session_id'),
        ('deliveries', 'event_seq'), ('attempts', 'event_seq')
    LOOP
        SELECT substring(pg_get_constraintdef(oid) FROM '< ''?([-_0-9a-z]+)') INTO STRICT bound
        FROM pg_constraint
        WHERE conrelid = parent::regclass
          AND conname = parent || '_first_bound';
        EXECUTE format('ALTER TABLE %I RENAME TO %I', parent, parent || '_first');
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS) PARTITION BY RANGE (%I)',
            parent, parent || '_first', key);

        -- Indexes and keys keep their names, and those of partitions are named after them.
        statements := '{}';
        FOR item IN
            SELECT index.relname AS name, con.oid AS key, con.contype AS kind,
                pg_get_indexdef(index.oid) AS index, pg_get_constraintdef(con.oid) AS definition,
                indisunique AS is_unique, indisprimary AS is_primary
            FROM pg_index
            JOIN pg_class AS index ON index.oid = indexrelid
            LEFT JOIN pg_constraint AS con ON conindid = index.oid AND contype IN ('p', 'u')
            WHERE indrelid = (parent || '_first')::regclass
        LOOP
            EXECUTE format('ALTER INDEX %I RENAME TO %I', item.name,
                replace(item.name, parent, parent || '_first'));
            IF item.key IS NULL AND NOT item.is_unique THEN
                statements := statements || regexp_replace(item.index, ' ON \S+ USING ',
                    format(' ON %I USING ', parent));
            ELSIF item.kind = 'u' OR (item.is_primary AND parent <> 'events') THEN
                statements := statements || format('ALTER TABLE %I ADD CONSTRAINT %I %s',
                    parent, item.name, item.definition);
            END IF;
        END LOOP;
        FOR item IN
            SELECT conname AS name, pg_get_constraintdef(oid) AS definition
            FROM pg_constraint
            WHERE conrelid = (parent || '_first')::regclass AND contype = 'f'
        LOOP
            statements := statements || format('ALTER TABLE %I ADD CONSTRAINT %I %s',
                parent, item.name, item.definition);
        END LOOP;
        EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS)', parent || '_default', parent);
        FOREACH statement IN ARRAY statements LOOP
            EXECUTE statement;
            EXECUTE replace(statement, parent, parent || '_default');
        END LOOP;

        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (MINVALUE) TO (%L)',
            parent, parent || '_first', bound);
        EXECUTE format('ALTER TABLE %I DROP CONSTRAINT %I',
            parent || '_first', parent || '_first_bound');
        EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I DEFAULT', parent, parent || '_default');
    END LOOP;

    CREATE UNIQUE INDEX events_default_pkey ON events_default (seq);
    CREATE UNIQUE INDEX events_default_one_start ON events_default (call_id)
        WHERE name = 'call_started';
    CREATE UNIQUE INDEX events_default_one_end ON events_default (call_id)
        WHERE name IN ('call_ended', 'call_error');
    CREATE UNIQUE INDEX events_default_one_survey ON events_default (call_id)
        WHERE name = 'survey_submitted';
    ALTER SEQUENCE event_places OWNED BY events.seq;
END
$$;

-- Foreign keys would be looked up in every partition, and hold one that is to be dropped.
CREATE FUNCTION forget_sessions() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM session_tokens USING gone WHERE session_tokens.session_id = gone.id;
    DELETE FROM session_context USING gone WHERE session_context.session_id = gone.id;
    RETURN NULL;
END
$$;

CREATE TRIGGER forget_sessions AFTER DELETE ON sessions
    REFERENCING OLD TABLE AS gone
    FOR EACH STATEMENT EXECUTE FUNCTION forget_sessions();
