//! The only loops: shards, clock, wiring, overload, drain.
