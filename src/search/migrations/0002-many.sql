-- What `gyre many` made under a name: the newest is what counts.
CREATE TABLE many_run (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  content TEXT NOT NULL, -- digest of the step's output: the models, what each is, the forecasts
  report TEXT NOT NULL,  -- JSON
  at INTEGER NOT NULL
) STRICT;
CREATE INDEX many_run_by_name ON many_run(name, id);
