-- What a pipeline was started from: {"file","commit","branch","dirty","diff": digest} of the user's folder.
CREATE TABLE pipeline_source (
  pipeline_run TEXT PRIMARY KEY REFERENCES pipeline_run(id),
  source TEXT NOT NULL
) STRICT;

-- OpenLineage events that wait to be sent.
CREATE TABLE openlineage_event (
  id INTEGER PRIMARY KEY,
  body TEXT NOT NULL
) STRICT;
