-- What came from what: data -> run -> model -> image -> deployment -> device.
CREATE TABLE lineage_edge (
  from_kind TEXT NOT NULL,
  from_id TEXT NOT NULL,
  to_kind TEXT NOT NULL,
  to_id TEXT NOT NULL,
  how TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (from_kind, from_id, to_kind, to_id, how)
) STRICT;
CREATE INDEX lineage_edge_back ON lineage_edge(to_kind, to_id);
