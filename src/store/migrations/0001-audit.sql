-- The audit log: docs/formats/audit.md.
CREATE TABLE audit (
  id INTEGER PRIMARY KEY, -- 1, 2, 3 ... without a gap
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  origin TEXT NOT NULL,   -- where from: an address, or "process"
  action TEXT NOT NULL,
  subject TEXT NOT NULL,
  before TEXT NOT NULL,   -- JSON
  after TEXT NOT NULL,    -- JSON
  leaf TEXT NOT NULL      -- hash of the entry, hex
) STRICT;

-- Hashes of complete subtrees of 256, 65,536 ... entries, so that a root is made of few rows.
CREATE TABLE audit_tile (
  level INTEGER NOT NULL, -- 1: over 256 entries; 2: over 256 of level 1 ...
  position INTEGER NOT NULL,
  hash TEXT NOT NULL,
  PRIMARY KEY (level, position)
) STRICT, WITHOUT ROWID;

CREATE TABLE audit_checkpoint (
  size INTEGER PRIMARY KEY, -- entries it speaks for
  note TEXT NOT NULL        -- signed
) STRICT;
