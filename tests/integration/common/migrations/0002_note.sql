CREATE TABLE note (note_id bigint PRIMARY KEY, text text NOT NULL DEFAULT 'a;b\c"d${e}');
