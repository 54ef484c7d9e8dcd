-- The profile that took the call, which after an overflow is not the one that was called first.
ALTER TABLE calls ADD COLUMN answered_by {ID};
-- The trunk that it was reached by, and the call's name there.
ALTER TABLE calls ADD COLUMN trunk_id {ID};
ALTER TABLE calls ADD COLUMN sip_call_id TEXT;
