-- The embedded store. What is on the hot path has integer keys and is appended in order; docs/adr/0001-embedded-store.md
-- says why. Times are milliseconds since the epoch. Takes no time on an empty file.

-- What belongs to the store as a whole: keys of its own and the encryption check (blobs), the epoch and the watermarks
-- of History's indexes (integers, `indexed:<table>`).
create table meta (
  name text primary key,
  value any not null
) strict, without rowid;

-- One row per life of a tenant id. `autoincrement`, here and for lanes: a number is never used again.
create table tenant (
  number integer primary key autoincrement,
  id text not null,
  metadata text,                               -- JSON object; null when unset
  created_at integer not null,
  updated_at integer not null,
  deleted_at integer,
  directory_version integer not null default 1,
  destinations integer not null default 0,     -- live ones, for the quota
  tag real                                     -- fair tag while the tenant has ready lanes
) strict;
create unique index tenant_live on tenant (id) where deleted_at is null;
create index tenant_lives on tenant (id);
create index tenant_created on tenant (created_at, number) where deleted_at is null;
create index tenant_ready on tenant (tag) where tag is not null;

-- A destination's queue and switch. Asleep: `wake_at` is set; ready: `turn` is set; with nothing stored: neither.
create table lane (
  number integer primary key autoincrement,
  tenant integer not null,
  destination_id text not null,
  type text not null,
  state integer not null,                      -- 0 active, 1 paused, 2 disabled, 3 deleted
  version integer not null default 1,
  streak integer not null default 0,           -- consecutive failures; a success on 0 writes nothing
  hold_until integer,                          -- the destination asked to be left alone until then
  breaker text,                                -- reserved for the breaker
  wake_at integer,
  turn integer
) strict;
create unique index lane_destination on lane (tenant, destination_id) where state <> 3;
create index lane_asleep on lane (wake_at) where wake_at is not null and state = 0;
create index lane_ready on lane (tenant, turn) where turn is not null and state = 0;
create index lane_deleted on lane (number) where state = 3 and (wake_at is not null or turn is not null);

-- A live destination's settings; the row goes when the destination is deleted, and its sealed credentials with it.
create table destination (
  lane integer primary key,
  topics text not null,                        -- JSON array
  filter text,                                 -- JSON object as written
  config text not null,                        -- JSON object
  credentials text not null,                   -- JSON object of sealed texts
  delivery_metadata text,
  metadata text,
  created_at integer not null,
  updated_at integer not null,
  disabled_at integer
) strict;

-- Append only.
create table event (
  seq integer primary key,
  tenant integer not null,
  id text not null,
  topic text not null,
  accepted_at integer not null,
  time integer not null,
  time_nanos integer not null,
  digest blob not null,
  eligible integer not null,
  destination_id text,
  lanes text not null,                         -- JSON array of the lane numbers that it matched
  no_match text,                               -- JSON [[destination id, reason], …] of an event that matched nothing
  metadata text,                               -- JSON object; null when empty
  data blob not null
) strict;

-- The only random write of a publish. The upper 26 bits of the hash are of the id alone, the lower 26 of tenant and
-- id, both keyed: one seek finds a tenant's event, a short range all events of an id. Hits are compared; a collision
-- is a second row.
create table event_key (
  hash integer not null,
  seq integer not null,
  primary key (hash, seq)
) strict, without rowid;

-- Only what is on its way; a row is deleted at its end.
create table live (
  event integer not null,
  lane integer not null,
  state integer not null,                      -- 0 waiting, 1 claimed, 2 handed over
  due integer not null,
  tries integer not null,                      -- attempts recorded
  spent integer not null,                      -- scheduled attempts that failed
  leases integer not null,
  epoch integer not null,                      -- of the last lease
  trigger integer not null default 0,          -- 0 schedule, 1 manual
  fallback integer,                            -- of a manual attempt: 0 waiting, 1 succeeded, 2 exhausted
  fallback_due integer,
  order_key text,                              -- reserved for per-key order
  primary key (event, lane)
) strict, without rowid;
create index live_due on live (lane, due, event) where state < 2;

-- Append only.
create table attempt (
  seq integer primary key,
  event integer not null,
  lane integer not null,
  tenant integer not null,
  n integer not null,
  kind integer not null,                       -- 0 settled, 1 late, 2 interrupted
  trigger integer not null,
  lease integer not null,
  succeeded integer not null,
  code text not null,
  started_at integer not null,
  finished_at integer not null,
  response blob                                -- JSON
) strict;

-- The end of a delivery that its last attempt does not tell.
create table closed (
  event integer not null,
  lane integer not null,
  state text not null,
  reason text,
  at integer not null,
  primary key (event, lane)
) strict, without rowid;

-- History's indexes: derived, filled in key order behind a watermark in `meta`.
create table event_by_tenant (tenant integer, time integer, seq integer, primary key (tenant, time, seq)) strict, without rowid;
create table event_by_time (time integer, seq integer, primary key (time, seq)) strict, without rowid;
create table attempt_by_tenant (tenant integer, finished_at integer, seq integer, primary key (tenant, finished_at, seq)) strict, without rowid;
create table attempt_by_lane (lane integer, finished_at integer, seq integer, primary key (lane, finished_at, seq)) strict, without rowid;
create table attempt_by_time (finished_at integer, seq integer, primary key (finished_at, seq)) strict, without rowid;
create table attempt_by_event (event integer, seq integer, primary key (event, seq)) strict, without rowid;
