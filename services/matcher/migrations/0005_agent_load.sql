-- An agent's load is updated for ever. While somebody holds a snapshot open no dead version of a row
-- goes, and each look-up of it would walk them all (docs/decisions/0018). So its key moves on now and
-- then, and the newest version is found at once, by ORDER BY generation DESC LIMIT 1; in between, the
-- updates touch no index (HOT). An agent has one row: who writes goes on from the one there is.
ALTER TABLE agent_load
  DROP CONSTRAINT agent_load_pkey,
  ADD COLUMN changes bigint NOT NULL DEFAULT 0,
  ADD COLUMN generation bigint NOT NULL GENERATED ALWAYS AS (changes / 32) STORED,
  ADD PRIMARY KEY (pool_id, agent_id, generation);
ALTER TABLE agent_load ALTER COLUMN changes DROP DEFAULT;

-- What the agent could take when it accepted: so the row that was made says all that its load needs.
ALTER TABLE live_assignment ADD COLUMN capacity integer NOT NULL DEFAULT 0;
ALTER TABLE live_assignment ALTER COLUMN capacity DROP DEFAULT;
