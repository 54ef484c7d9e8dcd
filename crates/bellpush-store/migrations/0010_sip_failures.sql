-- What the phone system said to a call that it did not take, as JSON.
ALTER TABLE calls ADD COLUMN sip_failure TEXT;
