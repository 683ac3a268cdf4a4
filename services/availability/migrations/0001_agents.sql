-- Agents and their presence. A pool here is no more than its revision: availability does not ask
-- intake which pools exist.
CREATE TABLE pool (
  pool_id       text COLLATE "C" PRIMARY KEY,
  revision      bigint NOT NULL DEFAULT 0,
  -- Deletions up to this revision have been forgotten: a feed cannot resume before it.
  feed_floor    bigint NOT NULL DEFAULT 0
);

CREATE TABLE agent (
  pool_id          text COLLATE "C" NOT NULL REFERENCES pool,
  agent_id         text COLLATE "C" NOT NULL,
  display_name     text NOT NULL,
  skills           text[] NOT NULL,
  skill_levels     int[] NOT NULL,
  languages        text[] NOT NULL,
  capacity         int NOT NULL CHECK (capacity BETWEEN 1 AND 100),
  etag             text NOT NULL,
  presence         smallint NOT NULL CHECK (presence BETWEEN 1 AND 4),
  presence_reason  text NOT NULL,
  presence_time    timestamptz NOT NULL,
  connected        boolean NOT NULL,
  session_id       text COLLATE "C" NOT NULL,
  node_id          text COLLATE "C" NOT NULL,
  session_has_link boolean NOT NULL,
  revision         bigint NOT NULL,
  create_time      timestamptz NOT NULL,
  update_time      timestamptz NOT NULL,
  PRIMARY KEY (pool_id, agent_id),
  CHECK (cardinality(skills) = cardinality(skill_levels)),
  CHECK (NOT connected OR session_id <> '')
);
-- Feeds read what changed since a revision.
CREATE INDEX agent_revision ON agent (pool_id, revision);
-- A node that restarts looks for the sessions that it left.
CREATE INDEX agent_node ON agent (node_id) WHERE connected OR presence <> 1;

-- Deleted agents, until no feed is likely to ask.
CREATE TABLE deleted_agent (
  pool_id     text COLLATE "C" NOT NULL,
  agent_id    text COLLATE "C" NOT NULL,
  revision    bigint NOT NULL,
  delete_time timestamptz NOT NULL,
  PRIMARY KEY (pool_id, agent_id)
);
CREATE INDEX deleted_agent_revision ON deleted_agent (pool_id, revision);
CREATE INDEX deleted_agent_time ON deleted_agent (delete_time);

-- The memory of answered requests, see common/db/request_log.h.
CREATE TABLE request (
  request_id  text COLLATE "C" PRIMARY KEY,
  fingerprint bigint NOT NULL,
  answer      bytea NOT NULL,
  created_at  timestamptz NOT NULL
);
CREATE INDEX request_created_at ON request (created_at);
