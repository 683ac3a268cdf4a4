-- Of a ticket whose agent was gone for good in the middle of the work: it waits before all others.
ALTER TABLE ticket ADD COLUMN interrupted boolean NOT NULL DEFAULT false;
ALTER TABLE archived_ticket ADD COLUMN interrupted boolean NOT NULL DEFAULT false;
CREATE OR REPLACE VIEW any_ticket AS SELECT * FROM ticket UNION ALL SELECT * FROM archived_ticket;
