-- What a repository of the registry gives out: content of the blob store that was pushed to it, and nothing else.
CREATE TABLE registry_blob (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  size INTEGER NOT NULL,
  pushed_at INTEGER NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT;

CREATE TABLE registry_manifest (
  repository TEXT NOT NULL,
  digest TEXT NOT NULL,
  type TEXT NOT NULL,
  size INTEGER NOT NULL,
  artifact_type TEXT NOT NULL, -- of an artifact, or its config's type
  subject TEXT, -- digest of the manifest that it refers to
  annotations TEXT NOT NULL, -- JSON object
  pushed_at INTEGER NOT NULL,
  PRIMARY KEY (repository, digest)
) STRICT;
CREATE INDEX registry_manifest_by_subject ON registry_manifest(repository, subject) WHERE subject IS NOT NULL;

CREATE TABLE registry_tag (
  repository TEXT NOT NULL,
  tag TEXT NOT NULL,
  digest TEXT NOT NULL,
  tagged_at INTEGER NOT NULL,
  PRIMARY KEY (repository, tag)
) STRICT;

-- A model's images in the order they were pushed and signed: what roll-outs choose from.
CREATE TABLE package (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  digest TEXT NOT NULL, -- of the image's manifest
  record TEXT NOT NULL, -- bytes, layers, update_bytes ... as JSON
  pushed_at INTEGER NOT NULL,
  UNIQUE (name, digest)
) STRICT;
