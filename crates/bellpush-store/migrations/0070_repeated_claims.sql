-- Which request has taken a call up last, by a hash of its token and its offer; the hash of the token that its
-- answer brought; and when that was. The same request is answered again for a while, in case its answer was
-- lost, unless the token of the answer is not the present one any more.
ALTER TABLE calls ADD COLUMN claim_hash TEXT;
ALTER TABLE calls ADD COLUMN claim_next TEXT;
ALTER TABLE calls ADD COLUMN claimed_at BIGINT;
