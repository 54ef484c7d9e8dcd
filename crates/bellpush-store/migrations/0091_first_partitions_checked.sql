{POSTGRES}
-- Reads all of these tables once, beside servers that write to them.
ALTER TABLE events VALIDATE CONSTRAINT events_first_bound;
ALTER TABLE sessions VALIDATE CONSTRAINT sessions_first_bound;
ALTER TABLE session_context VALIDATE CONSTRAINT session_context_first_bound;
ALTER TABLE deliveries VALIDATE CONSTRAINT deliveries_first_bound;
ALTER TABLE attempts VALIDATE CONSTRAINT attempts_first_bound;
