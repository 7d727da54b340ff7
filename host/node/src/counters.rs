//! What a node counts. In: the node, by one shard's thread. Out: whoever reads, at any time.
//!
//! Plain numbers behind relaxed atomics: one writer each, so a count costs an addition. Names and help texts for
//! Prometheus belong to the runtime.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sip::Method;

/// Methods that are counted by name; the last stands for every other.
pub const METHODS: [&str; 15] = [
    "INVITE",
    "ACK",
    "BYE",
    "CANCEL",
    "REGISTER",
    "OPTIONS",
    "MESSAGE",
    "SUBSCRIBE",
    "NOTIFY",
    "PUBLISH",
    "INFO",
    "UPDATE",
    "PRACK",
    "REFER",
    "other",
];

/// Upper bounds of the response time histogram's buckets, in microseconds; the last bucket is open.
pub const BUCKETS_US: [u64; 14] = [
    250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000, 1_000_000, 5_000_000,
    32_000_000,
];

/// Lowest and highest status code.
const STATUSES: std::ops::RangeInclusive<u16> = 100..=699;

/// Place of a method in [`METHODS`].
#[must_use]
pub fn method_index(method: Method) -> usize {
    match method {
        Method::Invite => 0,
        Method::Ack => 1,
        Method::Bye => 2,
        Method::Cancel => 3,
        Method::Register => 4,
        Method::Options => 5,
        Method::Message => 6,
        Method::Subscribe => 7,
        Method::Notify => 8,
        Method::Publish => 9,
        Method::Info => 10,
        Method::Update => 11,
        Method::Prack => 12,
        Method::Refer => 13,
        _ => 14,
    }
}

/// One number.
#[derive(Debug, Default)]
pub struct Count(AtomicU64);

impl Count {
    /// Adds one.
    pub fn add(&self) {
        self.add_many(1);
    }

    /// Adds some. A single writer, so a load and a store do.
    pub fn add_many(&self, n: u64) {
        self.0.store(self.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed);
    }

    /// Sets a gauge.
    pub fn set(&self, n: u64) {
        self.0.store(n, Ordering::Relaxed);
    }

    /// Reads it.
    #[must_use]
    pub fn get(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Response times of one method: from a request's arrival to its final response's departure.
#[derive(Debug, Default)]
pub struct Histogram {
    /// Not cumulative; one more than [`BUCKETS_US`].
    pub buckets: [Count; BUCKETS_US.len() + 1],
    /// Sum in microseconds.
    pub sum_us: Count,
}

impl Histogram {
    fn record(&self, took: Duration) {
        let us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.buckets[BUCKETS_US.partition_point(|&bound| bound < us)].add();
        self.sum_us.add_many(us);
    }
}

/// Why something that came was thrown away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Discard {
    Unparsable,
    StrayResponse,
    StrayAck,
    Overload,
    Undeliverable,
}

/// Names of [`Discard`], in its order.
pub const DISCARDS: [&str; 5] = ["unparsable", "stray_response", "stray_ack", "overload", "undeliverable"];

/// What one node counts.
#[derive(Debug)]
pub struct Counters {
    requests: [Count; METHODS.len()],
    responses: Box<[Count]>,
    response_times: [Histogram; METHODS.len()],
    discards: [Count; DISCARDS.len()],
    /// Retransmissions received that a server transaction absorbed.
    pub retransmissions: Count,
    /// Server transactions now.
    pub server_transactions: Count,
    /// Client transactions now.
    pub client_transactions: Count,
    /// Requests without a final response now.
    pub open_contexts: Count,
    /// Dialogs now.
    pub dialogs: Count,
    /// Consultations that gave no decision.
    pub consult_errors: Count,
}

impl Default for Counters {
    fn default() -> Self {
        let cells = METHODS.len() * (usize::from(*STATUSES.end() - *STATUSES.start()) + 1);
        Self {
            requests: Default::default(),
            responses: (0..cells).map(|_| Count::default()).collect(),
            response_times: Default::default(),
            discards: Default::default(),
            retransmissions: Count::default(),
            server_transactions: Count::default(),
            client_transactions: Count::default(),
            open_contexts: Count::default(),
            dialogs: Count::default(),
            consult_errors: Count::default(),
        }
    }
}

impl Counters {
    /// A new request came.
    pub(crate) fn request(&self, method: Method) {
        self.requests[method_index(method)].add();
    }

    /// A response left; `took` since its request came, for final ones.
    pub(crate) fn response(&self, method: Method, status: u16, took: Option<Duration>) {
        let method = method_index(method);
        if let Some(cell) = Self::cell(method, status) {
            self.responses[cell].add();
        }
        if let Some(took) = took {
            self.response_times[method].record(took);
        }
    }

    /// Something was thrown away.
    pub fn discard(&self, why: Discard) {
        self.discards[why as usize].add();
    }

    /// Requests of the method at this place of [`METHODS`].
    #[must_use]
    pub fn requests(&self, method: usize) -> u64 {
        self.requests[method].get()
    }

    /// Responses sent, as (status, number), to the method at this place of [`METHODS`]; those never sent are left out.
    pub fn responses(&self, method: usize) -> impl Iterator<Item = (u16, u64)> + '_ {
        STATUSES.filter_map(move |status| {
            let number = self.responses[Self::cell(method, status)?].get();
            (number > 0).then_some((status, number))
        })
    }

    /// Response times of the method at this place of [`METHODS`].
    #[must_use]
    pub fn response_times(&self, method: usize) -> &Histogram {
        &self.response_times[method]
    }

    /// How often the reason at this place of [`DISCARDS`] was met.
    #[must_use]
    pub fn discards(&self, why: usize) -> u64 {
        self.discards[why].get()
    }

    fn cell(method: usize, status: u16) -> Option<usize> {
        let width = usize::from(*STATUSES.end() - *STATUSES.start()) + 1;
        STATUSES.contains(&status).then(|| method * width + usize::from(status - STATUSES.start()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn responses_are_counted_by_method_and_status() {
        let counters = Counters::default();
        counters.response(Method::Invite, 180, None);
        counters.response(Method::Invite, 200, Some(Duration::from_micros(600)));
        counters.response(Method::Register, 699, None);
        counters.response(Method::Register, 99, None);
        assert_eq!(counters.responses(0).collect::<Vec<_>>(), [(180, 1), (200, 1)]);
        assert_eq!(counters.responses(4).collect::<Vec<_>>(), [(699, 1)]);
        assert_eq!(counters.response_times(0).buckets[2].get(), 1, "600 us lie between 500 and 1,000");
    }
}
