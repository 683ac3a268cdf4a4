-- Tickets that ended long ago, moved out of the table that batches write to: so that stays small, and
-- VACUUM keeps up with it. Written once. What changes the columns of one table changes those of both.
CREATE TABLE archived_ticket (LIKE ticket INCLUDING CONSTRAINTS, PRIMARY KEY (ticket_id));
CREATE INDEX archived_ticket_pool ON archived_ticket (pool_id, ticket_id);
CREATE INDEX archived_ticket_customer ON archived_ticket (customer_id, ticket_id);

CREATE VIEW any_ticket AS SELECT * FROM ticket UNION ALL SELECT * FROM archived_ticket;
