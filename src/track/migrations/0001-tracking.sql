CREATE TABLE experiment (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  artifact_location TEXT NOT NULL,
  stage TEXT NOT NULL, -- active deleted
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
INSERT INTO experiment VALUES (0, 'Default', 'mlflow-artifacts:/0', 'active', 0, 0);

CREATE TABLE experiment_tag (
  experiment INTEGER NOT NULL REFERENCES experiment(id),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (experiment, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE run (
  number INTEGER PRIMARY KEY, -- what the tables below point to: small and fast
  id TEXT NOT NULL UNIQUE,    -- 32 hex digits: what clients say
  experiment INTEGER NOT NULL REFERENCES experiment(id),
  name TEXT NOT NULL,
  who TEXT NOT NULL,
  status TEXT NOT NULL,       -- RUNNING SCHEDULED FINISHED FAILED KILLED
  stage TEXT NOT NULL,        -- active deleted
  artifact_uri TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE INDEX run_of_experiment ON run(experiment, started_at);

CREATE TABLE param (
  run INTEGER NOT NULL REFERENCES run(number),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX param_by_value ON param(key, value);

CREATE TABLE run_tag (
  run INTEGER NOT NULL REFERENCES run(number),
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
-- Not the tags that MLflow's clients give to each run: an index would find little there, and cost each new run a page for
-- each of them (track/search_subjects.cpp).
CREATE INDEX run_tag_by_value ON run_tag(key, value)
  WHERE key NOT IN ('mlflow.runName', 'mlflow.user', 'mlflow.source.name', 'mlflow.source.type');

-- Every point of every curve, as it came: a row for each request that logged some (track/points.hpp). Appending is all
-- that a client waits for.
CREATE TABLE metric_log (
  seq INTEGER PRIMARY KEY,
  run INTEGER NOT NULL REFERENCES run(number),
  points BLOB NOT NULL
) STRICT;
CREATE INDEX metric_log_of_run ON metric_log(run);

-- The last point of each curve, made from the log: what lists show and searches ask for.
CREATE TABLE latest_metric (
  run INTEGER NOT NULL REFERENCES run(number),
  key TEXT NOT NULL,
  experiment INTEGER NOT NULL, -- the run's
  step INTEGER NOT NULL,
  at INTEGER NOT NULL,
  value REAL,                  -- NULL: not a number
  PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX latest_metric_by_value ON latest_metric(key, experiment, value);

-- Up to which row of the log latest_metric knows.
CREATE TABLE metric_settled (seq INTEGER NOT NULL) STRICT;
INSERT INTO metric_settled VALUES (0);
