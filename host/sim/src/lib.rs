//! A seeded world with virtual time, loss, reordering and duplication, for whole nodes with real scripts.
