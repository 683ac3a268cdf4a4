-- The matcher's records. Enum numbers are those of muster.matcher.v1. An offer's id, which is also its
-- assignment's, is "<pool>/<epoch>/<number>"; here it is (pool_id, sequence), with the epoch in the
-- sequence's upper bits, so that the primary keys are also the order in which lists are paged.

-- Who holds a pool. Every transaction that writes shares a lock on the row, and finds its epoch there.
CREATE TABLE pool (
  pool_id  text COLLATE "C" PRIMARY KEY,
  epoch    bigint NOT NULL,
  holder   text NOT NULL,
  taken_at timestamptz NOT NULL
);

-- Work in hand: small and hot. The primary key is the rule that a ticket has at most one agent. The
-- columns that change are in no index, so a change needs no index work (HOT) while pages have room.
CREATE TABLE live_assignment (
  pool_id            text COLLATE "C" NOT NULL,
  ticket_id          text COLLATE "C" NOT NULL,
  sequence           bigint NOT NULL,
  queue_id           text COLLATE "C" NOT NULL,
  agent_id           text COLLATE "C" NOT NULL,
  weight             integer NOT NULL CHECK (weight > 0),
  state              smallint NOT NULL CHECK (state IN (1, 2)),  -- ACTIVE, WRAP_UP
  ticket_create_time timestamptz NOT NULL,
  offer_time         timestamptz NOT NULL,
  offer_receive_time timestamptz,
  offer_expire_time  timestamptz NOT NULL,
  accept_time        timestamptz NOT NULL,
  wrap_up_time       timestamptz,
  wrap_up_until      timestamptz,
  PRIMARY KEY (pool_id, ticket_id),
  UNIQUE (pool_id, sequence)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);

-- Units in hand of each agent, kept in the transaction of its assignments: the rule that nobody is
-- given more than they can take. `capacity` is what it was at the agent's last acceptance; a capacity
-- that is lowered later refuses new work and leaves what is in hand alone.
CREATE TABLE agent_load (
  pool_id  text COLLATE "C" NOT NULL,
  agent_id text COLLATE "C" NOT NULL,
  units    integer NOT NULL CONSTRAINT agent_load_not_negative CHECK (units >= 0),
  capacity integer NOT NULL,
  PRIMARY KEY (pool_id, agent_id),
  CONSTRAINT agent_load_within_capacity CHECK (units <= capacity)
) WITH (fillfactor = 40, autovacuum_vacuum_scale_factor = 0.02);

-- Work that is over: written once, in order of end_time, hence the BRIN index for what ended since.
CREATE TABLE ended_assignment (
  pool_id            text COLLATE "C" NOT NULL,
  sequence           bigint NOT NULL,
  ticket_id          text COLLATE "C" NOT NULL,
  queue_id           text COLLATE "C" NOT NULL,
  agent_id           text COLLATE "C" NOT NULL,
  weight             integer NOT NULL,
  state              smallint NOT NULL CHECK (state IN (3, 4, 5)),  -- COMPLETED, TRANSFERRED, LOST
  ticket_create_time timestamptz NOT NULL,
  offer_time         timestamptz NOT NULL,
  offer_receive_time timestamptz,
  offer_expire_time  timestamptz NOT NULL,
  accept_time        timestamptz NOT NULL,
  wrap_up_time       timestamptz,
  wrap_up_until      timestamptz,
  end_time           timestamptz NOT NULL,
  end_reason         text NOT NULL,
  disposition        text NOT NULL,
  note               text NOT NULL,
  request_id         text NOT NULL,  -- of the agent's complete; empty if it ended otherwise
  PRIMARY KEY (pool_id, sequence)
);
CREATE INDEX ended_assignment_ticket ON ended_assignment (pool_id, ticket_id, sequence);
CREATE INDEX ended_assignment_agent ON ended_assignment (pool_id, agent_id, sequence);
CREATE INDEX ended_assignment_end_time ON ended_assignment USING brin (end_time)
  WITH (pages_per_range = 32, autosummarize = on);

-- Offers that ended without being accepted, written once. An accepted one is its assignment's row.
CREATE TABLE ended_offer (
  pool_id            text COLLATE "C" NOT NULL,
  sequence           bigint NOT NULL,
  ticket_id          text COLLATE "C" NOT NULL,
  queue_id           text COLLATE "C" NOT NULL,
  agent_id           text COLLATE "C" NOT NULL,
  state              smallint NOT NULL CHECK (state IN (3, 4, 5)),  -- DECLINED, EXPIRED, REVOKED
  reason             text NOT NULL,
  ticket_create_time timestamptz NOT NULL,
  create_time        timestamptz NOT NULL,
  receive_time       timestamptz,
  expire_time        timestamptz NOT NULL,
  end_time           timestamptz NOT NULL,
  PRIMARY KEY (pool_id, sequence)
);
CREATE INDEX ended_offer_ticket ON ended_offer (pool_id, ticket_id, sequence);
CREATE INDEX ended_offer_agent ON ended_offer (pool_id, agent_id, sequence);
CREATE INDEX ended_offer_end_time ON ended_offer USING brin (end_time)
  WITH (pages_per_range = 32, autosummarize = on);

-- What operations did to tickets, so that a matcher that restarts can tell intake again.
CREATE TABLE ticket_move (
  pool_id            text COLLATE "C" NOT NULL,
  ticket_id          text COLLATE "C" NOT NULL,
  progress_revision  bigint NOT NULL,
  queue_id           text COLLATE "C" NOT NULL,  -- empty: it stayed in its queue
  preferred_agent_id text COLLATE "C" NOT NULL,  -- empty: for nobody in particular
  reason             text NOT NULL,
  ended_sequence     bigint,                     -- the assignment that ended, if one did
  move_time          timestamptz NOT NULL,
  PRIMARY KEY (pool_id, ticket_id, progress_revision)
);

-- Answered requests of operations; see common/db/request_log.h. The answer is the id of the assignment
-- that ended, or nothing.
CREATE TABLE request (
  request_id  text COLLATE "C" PRIMARY KEY,
  fingerprint bigint NOT NULL,
  answer      bytea NOT NULL,
  created_at  timestamptz NOT NULL
);
CREATE INDEX request_created_at ON request (created_at);

CREATE VIEW assignment AS
  SELECT pool_id, sequence, ticket_id, queue_id, agent_id, weight, state, ticket_create_time,
         offer_time, offer_receive_time, offer_expire_time, accept_time, wrap_up_time, wrap_up_until,
         NULL::timestamptz AS end_time, ''::text AS end_reason, ''::text AS disposition,
         ''::text AS note, ''::text AS request_id
    FROM live_assignment
  UNION ALL
  SELECT pool_id, sequence, ticket_id, queue_id, agent_id, weight, state, ticket_create_time,
         offer_time, offer_receive_time, offer_expire_time, accept_time, wrap_up_time, wrap_up_until,
         end_time, end_reason, disposition, note, request_id
    FROM ended_assignment;

CREATE VIEW offer AS
  SELECT pool_id, sequence, ticket_id, queue_id, agent_id, state, reason, ticket_create_time,
         create_time, receive_time, expire_time, end_time
    FROM ended_offer
  UNION ALL
  SELECT pool_id, sequence, ticket_id, queue_id, agent_id, 2::smallint, ''::text, ticket_create_time,
         offer_time, offer_receive_time, offer_expire_time, accept_time
    FROM live_assignment
  UNION ALL
  SELECT pool_id, sequence, ticket_id, queue_id, agent_id, 2::smallint, ''::text, ticket_create_time,
         offer_time, offer_receive_time, offer_expire_time, accept_time
    FROM ended_assignment;
