//! RTP of one call: a packet of tone every 20 ms while we send, and a count of what comes.
//!
//! In: a socket, where media go. Out: packets, and a [`MediaReport`] at any time. What the numbers mean is
//! `core/media/rtp.rs`.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::Mutex;
use tokio::net::UdpSocket;
use tokio::task::JoinHandle;
use tokio::time::{Instant, interval};
use transaction::Time;

use crate::bounds::{MAX_MEDIA_REPORTS, MAX_RTP};
use crate::core::rtp::{PACKET_MS, PCMU, Packet, Reception, SAMPLES};
use crate::core::{CallId, Media, tone};

/// What was sent and heard in one call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MediaReport {
    /// Which call.
    pub call: CallId,
    /// Where it listened.
    pub local: SocketAddr,
    /// Where it sent to, last.
    pub remote: SocketAddr,
    /// Packets sent.
    pub sent: u64,
    /// Packets that came.
    pub received: u64,
    /// Packets that were expected and did not come.
    pub lost: u64,
    /// Packets that came after a later one.
    pub late: u64,
    /// Interarrival jitter in microseconds.
    pub jitter_us: u64,
}

impl std::fmt::Display for MediaReport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let MediaReport { call, local, remote, sent, received, lost, late, jitter_us } = self;
        write!(f, "{call}: {local} sent {sent} to {remote}, heard {received}, lost {lost}, late {late}, ")?;
        write!(f, "jitter {}.{:01} ms", jitter_us / 1_000, jitter_us % 1_000 / 100)
    }
}

/// The reports of calls that are over, oldest first.
#[derive(Default)]
pub(super) struct MediaReports {
    reports: VecDeque<MediaReport>,
}

impl MediaReports {
    pub(super) fn add(&mut self, report: MediaReport) {
        if self.reports.len() == MAX_MEDIA_REPORTS {
            self.reports.pop_front();
        }
        self.reports.push_back(report);
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &MediaReport> {
        self.reports.iter()
    }
}

struct Shared {
    media: Mutex<Media>,
    sent: AtomicU64,
    reception: Mutex<Reception>,
}

/// The media of one call; they end when this is dropped.
pub(super) struct Audio {
    call: CallId,
    shared: Arc<Shared>,
    task: JoinHandle<()>,
}

impl Drop for Audio {
    fn drop(&mut self) {
        self.task.abort();
    }
}

impl Audio {
    /// Begins; `began` is when the phone's time began.
    pub(super) fn start(call: CallId, socket: Arc<UdpSocket>, media: Media, began: Instant) -> Audio {
        let shared = Arc::new(Shared {
            media: Mutex::new(media),
            sent: AtomicU64::new(0),
            reception: Mutex::new(Reception::default()),
        });
        // Any number does, as long as two ends of a call are not likely to have the same (RFC 3550 §8).
        let source = u32::from(media.local.port()) << 16 | call.0 & 0xffff;
        let task = tokio::spawn(run(Arc::clone(&shared), socket, source, began));
        Audio { call, shared, task }
    }

    /// Media go elsewhere, or another way.
    pub(super) fn change(&self, media: Media) {
        *self.shared.media.lock() = media;
    }

    pub(super) fn report(&self) -> MediaReport {
        let (media, reception) = (*self.shared.media.lock(), *self.shared.reception.lock());
        MediaReport {
            call: self.call,
            local: media.local,
            remote: media.remote,
            sent: self.shared.sent.load(Ordering::Relaxed),
            received: reception.received,
            lost: reception.lost(),
            late: reception.late,
            jitter_us: reception.jitter_us(),
        }
    }
}

async fn run(shared: Arc<Shared>, socket: Arc<UdpSocket>, source: u32, began: Instant) {
    let mut ticks = interval(Duration::from_millis(PACKET_MS.into()));
    let (mut incoming, mut outgoing) = ([0; MAX_RTP], Vec::with_capacity(SAMPLES + 12));
    let (mut sequence, mut timestamp, mut was_silent) = (0_u16, 0_u32, true);
    // What came for the call before.
    while socket.try_recv(&mut incoming).is_ok() {}
    loop {
        tokio::select! {
            _ = ticks.tick() => {
                let media = *shared.media.lock();
                if media.direction.sends() {
                    let payload = tone::samples(timestamp);
                    let marker = std::mem::take(&mut was_silent);
                    let packet =
                        Packet { payload_type: PCMU, marker, sequence, timestamp, source, payload: &payload };
                    packet.print(&mut outgoing);
                    // One that does not leave is one that the network lost.
                    if socket.send_to(&outgoing, media.remote).await.is_ok() {
                        shared.sent.fetch_add(1, Ordering::Relaxed);
                    }
                    sequence = sequence.wrapping_add(1);
                } else {
                    was_silent = true;
                }
                timestamp = timestamp.wrapping_add(SAMPLES as u32);
            }
            received = socket.recv(&mut incoming) => {
                let Ok(length) = received else { continue };
                let packet = Packet::parse(&incoming[..length]).filter(|packet| packet.payload_type == PCMU);
                if let Some(packet) = packet {
                    shared.reception.lock().handle(Time::ZERO + began.elapsed(), &packet);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_oldest_reports_go() {
        let local = SocketAddr::from(([192, 0, 2, 1], 4_000));
        let report = |call| MediaReport {
            call: CallId(call),
            local,
            remote: local,
            sent: 50,
            received: 49,
            lost: 1,
            late: 0,
            jitter_us: 2_375,
        };
        let mut reports = MediaReports::default();
        for call in 0..=MAX_MEDIA_REPORTS as u32 {
            reports.add(report(call));
        }
        assert_eq!(reports.iter().count(), MAX_MEDIA_REPORTS);
        let first = reports.iter().next().map(ToString::to_string);
        let line =
            "call 1: 192.0.2.1:4000 sent 50 to 192.0.2.1:4000, heard 49, lost 1, late 0, jitter 2.3 ms";
        assert_eq!(first.as_deref(), Some(line));
    }
}
