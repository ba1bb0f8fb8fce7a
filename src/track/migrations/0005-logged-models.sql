-- Models as runs log them, whether anybody registers them or not.
CREATE TABLE logged_model (
  id TEXT PRIMARY KEY,       -- m- and 32 hex digits
  experiment INTEGER NOT NULL REFERENCES experiment(id),
  name TEXT NOT NULL,
  type TEXT NOT NULL,        -- what the client calls it; '' when it says nothing
  source_run TEXT NOT NULL,  -- '' when none is known
  status TEXT NOT NULL,      -- UNSPECIFIED PENDING READY FAILED
  stage TEXT NOT NULL,       -- active deleted
  artifact_location TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX logged_model_of_experiment ON logged_model(experiment, created_at);

CREATE TABLE logged_model_param (
  model TEXT NOT NULL REFERENCES logged_model(id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE logged_model_tag (
  model TEXT NOT NULL REFERENCES logged_model(id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, key)
) STRICT, WITHOUT ROWID;

-- What runs measured of a model, and on which data. One sent twice is kept once.
CREATE TABLE logged_model_metric (
  model TEXT NOT NULL REFERENCES logged_model(id),
  key TEXT NOT NULL,
  at INTEGER NOT NULL,
  step INTEGER NOT NULL,
  run TEXT NOT NULL,
  value REAL,                -- NULL: not a number
  dataset_name TEXT NOT NULL,
  dataset_digest TEXT NOT NULL,
  PRIMARY KEY (model, key, at, step, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX logged_model_metric_by_value ON logged_model_metric(key, value);

-- Data as clients describe it: they keep it, we know its name and digest.
CREATE TABLE dataset_input (
  id INTEGER PRIMARY KEY,
  experiment INTEGER NOT NULL REFERENCES experiment(id),
  name TEXT NOT NULL,
  digest TEXT NOT NULL,
  source_type TEXT NOT NULL,
  source TEXT NOT NULL,
  schema TEXT,
  profile TEXT,
  UNIQUE (experiment, name, digest)
) STRICT;

CREATE TABLE run_dataset (
  run INTEGER NOT NULL REFERENCES run(number),
  dataset INTEGER NOT NULL REFERENCES dataset_input(id),
  PRIMARY KEY (run, dataset)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_dataset_back ON run_dataset(dataset);

CREATE TABLE run_dataset_tag (
  run INTEGER NOT NULL,
  dataset INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, dataset, key),
  FOREIGN KEY (run, dataset) REFERENCES run_dataset(run, dataset)
) STRICT, WITHOUT ROWID;

-- Logged models that a run took or made.
CREATE TABLE run_model (
  run INTEGER NOT NULL REFERENCES run(number),
  role TEXT NOT NULL,        -- input output
  model TEXT NOT NULL,
  step INTEGER NOT NULL,
  PRIMARY KEY (run, role, model, step)
) STRICT, WITHOUT ROWID;
