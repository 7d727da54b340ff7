//! Registrations, subscribers and key-value state, durable.
