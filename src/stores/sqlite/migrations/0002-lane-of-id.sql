-- All lives of a destination id, deleted ones included: what History's lists by destination look for. Without it they
-- would read the whole table of lanes. Takes about a second for a million lanes; nothing else runs meanwhile.
create index lane_of_id on lane (destination_id, tenant);
