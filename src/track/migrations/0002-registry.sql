CREATE TABLE model (
  name TEXT PRIMARY KEY,
  description TEXT NOT NULL,
  last_version INTEGER NOT NULL, -- numbers are not given twice, also after a version was deleted
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL
) STRICT;

CREATE TABLE model_version (
  model TEXT NOT NULL REFERENCES model(name) ON UPDATE CASCADE,
  version INTEGER NOT NULL,
  digest TEXT,                   -- of the ONNX file in the blobs; NULL when it lies where `source` says
  source TEXT NOT NULL,
  run_id TEXT NOT NULL,          -- '' when none is known
  description TEXT NOT NULL,
  stage TEXT NOT NULL,           -- None Staging Production Archived
  lineage TEXT NOT NULL,         -- JSON
  metrics TEXT NOT NULL,         -- JSON
  who TEXT NOT NULL,
  created_at INTEGER NOT NULL,
  updated_at INTEGER NOT NULL,
  PRIMARY KEY (model, version)
) STRICT;
CREATE UNIQUE INDEX model_version_by_content ON model_version(model, digest) WHERE digest IS NOT NULL;
CREATE INDEX model_version_by_run ON model_version(run_id);

CREATE TABLE model_tag (
  model TEXT NOT NULL REFERENCES model(name) ON UPDATE CASCADE,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, key)
) STRICT;

CREATE TABLE model_version_tag (
  model TEXT NOT NULL,
  version INTEGER NOT NULL,
  key TEXT NOT NULL,
  value TEXT NOT NULL,
  PRIMARY KEY (model, version, key),
  FOREIGN KEY (model, version) REFERENCES model_version(model, version) ON UPDATE CASCADE
) STRICT;

CREATE TABLE model_alias (
  model TEXT NOT NULL,
  alias TEXT NOT NULL,
  version INTEGER NOT NULL,
  PRIMARY KEY (model, alias),
  FOREIGN KEY (model, version) REFERENCES model_version(model, version) ON UPDATE CASCADE
) STRICT;

-- What was found out about a version: on data, on a device, as int8.
CREATE TABLE model_result (
  id INTEGER PRIMARY KEY,
  model TEXT NOT NULL,
  version INTEGER NOT NULL,
  kind TEXT NOT NULL,
  body TEXT NOT NULL,            -- JSON
  at INTEGER NOT NULL,
  FOREIGN KEY (model, version) REFERENCES model_version(model, version) ON UPDATE CASCADE
) STRICT;
CREATE INDEX model_result_of_version ON model_result(model, version);
