-- A claimed job is held under a lease, which its process renews while the job runs. `claimed_turn`
-- is the turn of the claim that has no outcome yet: the job is held while it equals `turn`. A claim
-- by a server that does not know this column changes `turn` alone, and is not taken for one of
-- these.
ALTER TABLE job ADD COLUMN claimed_turn BIGINT;
-- How often in a row the process that held the job ended before the job had an outcome.
ALTER TABLE job ADD COLUMN crashes BIGINT NOT NULL DEFAULT 0;
