-- Data to evaluate models with, as MLflow's clients keep it: rows of JSON, each known by its inputs.
CREATE TABLE evaluation_dataset (
  id TEXT PRIMARY KEY,       -- d- and 32 hex digits
  name TEXT NOT NULL,
  digest TEXT NOT NULL,      -- changes with every change of the records
  schema TEXT,               -- JSON: the fields seen and their types; NULL before the first record
  created_by TEXT,
  updated_by TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;
CREATE INDEX evaluation_dataset_by_name ON evaluation_dataset(name);

CREATE TABLE evaluation_dataset_tag (
  dataset TEXT NOT NULL REFERENCES evaluation_dataset(id) ON DELETE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (dataset, key)
) STRICT, WITHOUT ROWID;

CREATE TABLE evaluation_dataset_experiment (
  dataset TEXT NOT NULL REFERENCES evaluation_dataset(id) ON DELETE CASCADE,
  experiment INTEGER NOT NULL REFERENCES experiment(id),
  PRIMARY KEY (dataset, experiment)
) STRICT, WITHOUT ROWID;
CREATE INDEX evaluation_dataset_of_experiment ON evaluation_dataset_experiment(experiment);

CREATE TABLE evaluation_record (
  number INTEGER PRIMARY KEY, -- in the order in which they came
  id TEXT NOT NULL UNIQUE,    -- dr- and 32 hex digits
  dataset TEXT NOT NULL REFERENCES evaluation_dataset(id) ON DELETE CASCADE,
  inputs_digest TEXT NOT NULL,
  body TEXT NOT NULL,         -- JSON: inputs, outputs, expectations, tags, source
  created_by TEXT,
  updated_by TEXT,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  UNIQUE (dataset, inputs_digest)
) STRICT;
