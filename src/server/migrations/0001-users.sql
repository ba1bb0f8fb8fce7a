CREATE TABLE member (
  name TEXT PRIMARY KEY,
  role TEXT NOT NULL,      -- everywhere: none reader contributor owner
  admin INTEGER NOT NULL,  -- may also add and remove users
  created_at INTEGER NOT NULL
) STRICT;

CREATE TABLE member_token (
  digest TEXT PRIMARY KEY, -- SHA-256 of the token, which is kept nowhere
  member TEXT NOT NULL REFERENCES member(name) ON DELETE CASCADE,
  label TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  UNIQUE (member, label)
) STRICT;

CREATE TABLE member_role (
  member TEXT NOT NULL REFERENCES member(name) ON DELETE CASCADE,
  kind TEXT NOT NULL,      -- experiment | model
  subject TEXT NOT NULL,   -- an experiment's id, a model's name
  role TEXT NOT NULL,
  PRIMARY KEY (member, kind, subject)
) STRICT;
