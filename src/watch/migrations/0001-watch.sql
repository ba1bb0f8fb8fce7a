create table answer_window (                 -- what a module answered over a few seconds; older ones are put together
  id integer primary key,
  device text not null,
  module text not null,
  image text not null,
  first_at integer not null,                 -- ms, by the device's clock
  last_at integer not null,
  count integer not null,
  alarms integer not null,
  errors integer not null,                   -- inputs that could not be read
  late integer not null,                     -- readings that came after their window
  dropped integer not null,                  -- answers that the device could not keep
  p50_ms real,
  p99_ms real,
  sketch text not null
) strict;
create index answer_window_newest on answer_window(module, image, last_at);

create table watch_reference (               -- what a module saw at validation; image '' counts for every version
  module text not null,
  image text not null,
  sketch text not null,
  set_at integer not null,
  primary key (module, image)
) strict, without rowid;

create table watch_check (                   -- when a module's alerts were last looked at
  module text not null,
  image text not null,
  checked_at integer not null,
  primary key (module, image)
) strict, without rowid;

create table alert (
  id integer primary key,
  module text not null,
  image text not null,
  kind text not null,                        -- drift | errors
  level text not null,
  words text not null,
  raised_at integer not null,
  ended_at integer
) strict;
create unique index alert_one_open on alert(module, image, kind) where ended_at is null;

create table device_event (
  id integer primary key,
  device text not null,
  module text not null,
  at integer not null,
  what text not null,
  body text not null
) strict;
create index device_event_newest on device_event(at);

create table queue_sample (                  -- samples that came back to be labelled; their bytes are in the blobs
  id integer primary key,
  device text not null,
  module text not null,
  image text not null,
  name text not null,
  kind text not null,                        -- image | sound | series
  why text not null,                         -- uncertain | gather
  at integer not null,
  received_at integer not null,
  digest text not null,
  bytes integer not null,
  answer text not null,
  state text not null default 'waiting',     -- waiting | labelled | skipped
  label text,
  labelled_by text,
  labelled_at integer,
  unique (module, digest)
) strict;
create index queue_sample_state on queue_sample(state, module, id);
