-- The rules by which work is handed out: a muster.intake.v1.Pool or Queue that has these fields alone.
-- Rows from before have none, and so the defaults.
ALTER TABLE pool ADD COLUMN rules bytea NOT NULL DEFAULT '';
ALTER TABLE queue ADD COLUMN rules bytea NOT NULL DEFAULT '';

-- Of a ticket that was set aside: when it last was, and after how many refusals.
ALTER TABLE ticket ADD COLUMN hold_time timestamptz;
ALTER TABLE ticket ADD COLUMN refusal_count integer NOT NULL DEFAULT 0;
