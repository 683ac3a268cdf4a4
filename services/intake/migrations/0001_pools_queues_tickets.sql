-- Intake's truth: pools, queues, tickets. Keys compare by bytes, so that order is the same everywhere.

-- Every write to a pool takes this row first, in order of id over several pools. It hands out the
-- revisions of all that changes in the pool, so revisions follow the order of commits.
CREATE TABLE pool (
  pool_id         text COLLATE "C" PRIMARY KEY,
  display_name    text NOT NULL,
  revision        bigint NOT NULL,
  -- Of the last change of the pool itself.
  update_revision bigint NOT NULL,
  -- Where this pool began. Tickets up to here were those of a deleted pool of the same id.
  base_revision   bigint NOT NULL,
  -- Changes up to here can no longer be told completely.
  purged_revision bigint NOT NULL,
  create_time     timestamptz NOT NULL,
  update_time     timestamptz NOT NULL,
  CHECK (base_revision <= purged_revision AND purged_revision <= revision)
) WITH (fillfactor = 50);

-- What a deleted pool leaves: a pool of the same id goes on from its revision, so that a feed's
-- client cannot take one for the other.
CREATE TABLE deleted_pool (
  pool_id     text COLLATE "C" PRIMARY KEY,
  revision    bigint NOT NULL,
  delete_time timestamptz NOT NULL,
  -- Whether its tickets have been deleted, too.
  swept       boolean NOT NULL
);
CREATE INDEX deleted_pool_unswept ON deleted_pool (pool_id) WHERE NOT swept;

CREATE TABLE queue (
  pool_id            text COLLATE "C" NOT NULL,
  queue_id           text COLLATE "C" NOT NULL,
  display_name       text NOT NULL,
  -- "cards:2,loans:1"
  required_skills    text NOT NULL,
  weight             integer NOT NULL,
  priority_ahead_ms  bigint NOT NULL,
  target_wait_ms     bigint NOT NULL,
  offer_timeout_ms   bigint NOT NULL,
  time_to_live_ms    bigint NOT NULL,
  after_work_time_ms bigint NOT NULL,
  most_waiting       bigint NOT NULL,
  revision           bigint NOT NULL,
  create_time        timestamptz NOT NULL,
  update_time        timestamptz NOT NULL,
  -- Kept by every batch, so that nobody has to count: QUEUED tickets, and all that have not ended.
  waiting            bigint NOT NULL CHECK (waiting >= 0),
  live               bigint NOT NULL CHECK (live >= waiting),
  PRIMARY KEY (pool_id, queue_id)
) WITH (fillfactor = 50);

-- Deleted queues, for the feeds, until they are purged.
CREATE TABLE deleted_queue (
  pool_id     text COLLATE "C" NOT NULL,
  revision    bigint NOT NULL,
  queue_id    text COLLATE "C" NOT NULL,
  delete_time timestamptz NOT NULL,
  PRIMARY KEY (pool_id, revision)
);
CREATE INDEX deleted_queue_delete_time ON deleted_queue (delete_time);

CREATE TABLE ticket (
  ticket_id          text COLLATE "C" PRIMARY KEY,
  pool_id            text COLLATE "C" NOT NULL,
  queue_id           text COLLATE "C" NOT NULL,
  customer_id        text COLLATE "C" NOT NULL,
  preferred_agent_id text COLLATE "C" NOT NULL,
  -- Numbers of muster.intake.v1.TicketState.
  state              smallint NOT NULL CHECK (state BETWEEN 1 AND 6),
  create_time        timestamptz NOT NULL,
  assign_time        timestamptz,
  end_time           timestamptz,
  agent_id           text COLLATE "C" NOT NULL,
  agent_display_name text NOT NULL,
  assignment_id      text COLLATE "C" NOT NULL,
  end_reason         text NOT NULL,
  requeue_count      integer NOT NULL,
  revision           bigint NOT NULL,
  progress_revision  bigint NOT NULL,
  -- The muster.intake.v1.Ticket as it was stored first. The columns above go before what it says.
  body               bytea NOT NULL
) WITH (fillfactor = 85);
-- Feeds.
CREATE INDEX ticket_pool_revision ON ticket (pool_id, revision);
-- Snapshots, and lists of what lives.
CREATE INDEX ticket_live ON ticket (pool_id, ticket_id) WHERE state IN (1, 2, 6);
-- Lists; a ticket's id sorts by its time of creation.
CREATE INDEX ticket_pool ON ticket (pool_id, ticket_id);
CREATE INDEX ticket_customer ON ticket (customer_id, ticket_id);

-- The memory of answered requests.
CREATE TABLE request (
  request_id  text COLLATE "C" PRIMARY KEY,
  fingerprint bigint NOT NULL,
  answer      bytea NOT NULL,
  created_at  timestamptz NOT NULL
);
CREATE INDEX request_created_at ON request (created_at);
