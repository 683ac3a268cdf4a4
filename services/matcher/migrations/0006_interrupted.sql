-- Of a move that came of an agent's loss in the middle of the work, or later than one: the ticket waits
-- before all others.
ALTER TABLE ticket_move ADD COLUMN interrupted boolean NOT NULL DEFAULT false;
