create table device (
  name text primary key,
  ring text not null,
  state text not null default 'active',      -- active | revoked
  serial text not null,                      -- of its certificate
  etag integer not null default 1,           -- grows with every change of the twin
  tags text not null default '{}',           -- known to the server only
  desired text not null,                     -- a section: {"values","version","times"}
  reported text not null,
  added_at integer not null,
  seen_at integer
) strict;

create table device_change (                 -- every change of a twin, for ever
  device text not null references device(name) on delete cascade,
  section text not null,                     -- desired | reported
  version integer not null,
  at integer not null,
  who text not null,
  patch text not null,
  primary key (device, section, version)
) strict, without rowid;

create table device_message (                -- what devices sent; a row stays, without its body, to know a repetition
  device text not null references device(name) on delete cascade,
  seq integer not null,
  kind text not null,
  at integer not null,
  received_at integer not null,
  body text,                                 -- null once it was handled
  error text,                                -- why it could not be handled
  primary key (device, seq)
) strict, without rowid;
create index device_message_waiting on device_message(received_at) where body is not null;

create table rollout (
  id integer primary key,
  app text not null,
  fingerprint text not null,                 -- of what was asked for
  request text not null,
  state text not null,                       -- running | going_back | done | rolled_back
  ring integer not null default 0,           -- the one it is at
  reason text,
  created_at integer not null,
  ring_since integer not null,
  ended_at integer
) strict;
create unique index rollout_one_at_a_time on rollout(app) where state in ('running', 'going_back');

create table rollout_device (
  rollout integer not null references rollout(id) on delete cascade,
  device text not null,
  ring integer not null,
  phase text not null,
  since integer not null,
  given integer not null default 0,          -- the device's desired twin names the new image
  former text,                               -- its module's entry before; null: there was none
  result text,                               -- of the validation on the device
  reason text,
  primary key (rollout, device)
) strict, without rowid;

create table deployment (                    -- what the rings run; a device added later gets it
  app text primary key,
  rings text not null,
  module text not null,
  rollout integer not null references rollout(id)
) strict;
