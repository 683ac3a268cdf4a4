-- The processes of availability. A node's lease is counted by this database's clock; when it has run
-- out, another node ends the sessions that it left.
CREATE TABLE node (
  node_id     text COLLATE "C" PRIMARY KEY,
  address     text NOT NULL,
  lease_until timestamptz NOT NULL,
  -- Since its lease ran out, another node has begun to end its sessions.
  taken_over  boolean NOT NULL DEFAULT false
);

-- Sessions with a link that ended because their agents came to another node, until the former one
-- has heard of it, or is not likely to ask any more.
CREATE TABLE moved_session (
  node_id    text COLLATE "C" NOT NULL,
  pool_id    text COLLATE "C" NOT NULL,
  agent_id   text COLLATE "C" NOT NULL,
  session_id text COLLATE "C" NOT NULL,
  move_time  timestamptz NOT NULL
);
CREATE INDEX moved_session_node ON moved_session (node_id);
CREATE INDEX moved_session_time ON moved_session (move_time);
