CREATE TABLE pipeline_run (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL,
  definition TEXT NOT NULL,
  options TEXT NOT NULL,
  state TEXT NOT NULL, -- running done failed cancelled
  error TEXT,
  started_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;

CREATE TABLE step_run (
  id INTEGER PRIMARY KEY,
  pipeline_run TEXT NOT NULL REFERENCES pipeline_run(id),
  node TEXT NOT NULL,
  step TEXT NOT NULL,
  key TEXT NOT NULL,
  state TEXT NOT NULL, -- running cached done stopped failed cancelled
  record TEXT NOT NULL, -- the whole StepRun as JSON
  started_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX step_run_of_pipeline ON step_run(pipeline_run);

-- What a key gave: looked up before a step is run.
CREATE TABLE step_cache (
  key TEXT PRIMARY KEY,
  step TEXT NOT NULL,
  record TEXT NOT NULL, -- outputs, metrics, lines said, seconds it took
  made_at INTEGER NOT NULL
) STRICT;

CREATE TABLE asset (
  name TEXT NOT NULL,
  version INTEGER NOT NULL,
  type TEXT NOT NULL,
  digest TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (name, version)
) STRICT;
