-- Samples that were published for devices to validate on: what was asked for, and what it became.
CREATE TABLE published_data (
  request TEXT PRIMARY KEY, -- JSON: frames, labels, part, share
  answer TEXT NOT NULL      -- JSON: data, samples, bytes
) STRICT;
