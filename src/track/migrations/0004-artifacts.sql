-- Files that clients logged, by path; the bytes are blobs.
CREATE TABLE artifact (
  path TEXT PRIMARY KEY, -- <experiment>/<run>/artifacts/...
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  at INTEGER NOT NULL
) STRICT;
