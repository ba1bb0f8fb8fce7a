CREATE TABLE sweep (
  id TEXT PRIMARY KEY,
  specification TEXT NOT NULL, -- what was asked for, as canonical JSON: the same again goes on with it
  parent_run TEXT NOT NULL,    -- the tracked run above the trials' runs
  state TEXT NOT NULL,         -- running done stopped failed
  error TEXT NOT NULL,
  seconds REAL NOT NULL,       -- spent so far
  started_at INTEGER NOT NULL
) STRICT;
CREATE TABLE sweep_trial (
  sweep TEXT NOT NULL REFERENCES sweep(id),
  number INTEGER NOT NULL,
  record TEXT NOT NULL, -- the whole Trial as JSON
  PRIMARY KEY (sweep, number)
) STRICT;
