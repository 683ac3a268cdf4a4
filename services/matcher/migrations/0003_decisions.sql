-- Why offers were made: a row a decision, under its offer's sequence. Written with other commits,
-- bounded by age and number, oldest gone first. `body` is a muster.matcher.v1.Decision without what the
-- columns say.
CREATE TABLE decision (
  pool_id     text COLLATE "C" NOT NULL,
  sequence    bigint NOT NULL,
  ticket_id   text COLLATE "C" NOT NULL,
  agent_id    text COLLATE "C" NOT NULL,
  decide_time timestamptz NOT NULL,
  body        bytea NOT NULL,
  PRIMARY KEY (pool_id, sequence)
);
CREATE INDEX decision_ticket ON decision (pool_id, ticket_id, sequence);
CREATE INDEX decision_agent ON decision (pool_id, agent_id, sequence);
