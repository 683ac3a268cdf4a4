-- What common/db/request_log.h asks for; its text holds what embedding could trip over: ; \ " ${x} [[ ]] ä
CREATE TABLE request (
  request_id  text COLLATE "C" PRIMARY KEY,
  fingerprint bigint NOT NULL,
  answer      bytea NOT NULL,
  created_at  timestamptz NOT NULL
);
CREATE INDEX request_created_at ON request (created_at);
