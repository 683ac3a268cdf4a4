-- Matchers share the pools. Each process is a member with one lease, which ends by this database's
-- clock; a pool belongs to the member that its row names for as long as that lease goes on. So a
-- renewal costs one row, however many pools a member holds, and never waits for a pool's commits.
CREATE TABLE member (
  member_id   text COLLATE "C" PRIMARY KEY,  -- "<node>~<start>": a restarted node is another member
  address     text NOT NULL,                 -- where it answers calls about its pools
  takes       boolean NOT NULL,              -- false: it leaves, or does not know what pools there are
  joined_at   timestamptz NOT NULL,
  lease_until timestamptz NOT NULL
) WITH (fillfactor = 50, autovacuum_vacuum_threshold = 1000);

-- An empty holder has released the pool: the next may take it at once. Both taking and releasing make
-- the epoch greater, so whoever had the pool before writes nothing any more.
COMMENT ON COLUMN pool.holder IS 'member_id; empty: released';

-- For operations and checks: until when each pool is held.
CREATE VIEW pool_lease AS
  SELECT p.pool_id, p.epoch, p.holder, p.taken_at, m.address, m.lease_until,
         coalesce(m.lease_until > clock_timestamp(), false) AS held
    FROM pool p LEFT JOIN member m ON m.member_id = p.holder;
