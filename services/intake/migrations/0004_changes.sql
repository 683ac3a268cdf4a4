-- What is changed with every batch must not be an updated row: while somebody holds a snapshot open no
-- dead version of a row goes, and each look-up of it walks them all (docs/decisions/0018).

-- The changes of a pool, a row a batch, only ever appended: the newest says what revision the pool is
-- at, and the primary key that nobody goes on from where another has gone on already. Swept by age.
CREATE TABLE pool_change (
  pool_id       text COLLATE "C" NOT NULL,
  from_revision bigint NOT NULL,
  to_revision   bigint NOT NULL,
  -- Of those that changed. What a ticket says now it tells itself.
  ticket_ids    text[] COLLATE "C" NOT NULL,
  change_time   timestamptz NOT NULL,
  PRIMARY KEY (pool_id, from_revision),
  CHECK (from_revision < to_revision)
);
-- What came before is not known by batches: feeds that were behind begin anew.
INSERT INTO pool_change SELECT pool_id, revision - 1, revision, '{}', update_time FROM pool;
UPDATE pool SET purged_revision = revision;

ALTER TABLE pool DROP COLUMN revision, ADD CHECK (base_revision <= purged_revision), RESET (fillfactor);
COMMENT ON TABLE pool IS 'Every write to a pool locks this row first, in order of id over several.';
CREATE VIEW pool_now AS
  SELECT p.*, (SELECT c.to_revision FROM pool_change c WHERE c.pool_id = p.pool_id
                ORDER BY c.from_revision DESC LIMIT 1) AS revision
    FROM pool p;

-- Kept by every batch, so that nobody has to count: QUEUED tickets, and all that have not ended. A
-- queue has one row. Its key moves on now and then, so that the newest version is found at once, by
-- ORDER BY generation DESC LIMIT 1; in between, the updates touch no index (HOT).
CREATE TABLE queue_count (
  pool_id    text COLLATE "C" NOT NULL,
  queue_id   text COLLATE "C" NOT NULL,
  changes    bigint NOT NULL,
  generation bigint NOT NULL GENERATED ALWAYS AS (changes / 32) STORED,
  waiting    bigint NOT NULL CHECK (waiting >= 0),
  live       bigint NOT NULL CHECK (live >= waiting),
  PRIMARY KEY (pool_id, queue_id, generation)
) WITH (fillfactor = 50);
INSERT INTO queue_count (pool_id, queue_id, changes, waiting, live)
  SELECT pool_id, queue_id, 0, waiting, live FROM queue;

ALTER TABLE queue DROP COLUMN waiting, DROP COLUMN live, RESET (fillfactor);
CREATE VIEW queue_now AS
  SELECT q.*, c.waiting, c.live
    FROM queue q CROSS JOIN LATERAL (
      SELECT waiting, live FROM queue_count c
       WHERE c.pool_id = q.pool_id AND c.queue_id = q.queue_id
       ORDER BY c.generation DESC LIMIT 1) c;

-- A ticket's revision and state are in no index any more, so that its assignment touches none.
DROP INDEX ticket_pool_revision, ticket_live;
CREATE INDEX ticket_live ON ticket (pool_id, ticket_id) WHERE end_time IS NULL;
ALTER TABLE ticket SET (fillfactor = 60);

-- Deleted queues go with the changes that told of them, by revision.
DROP INDEX deleted_queue_delete_time;
