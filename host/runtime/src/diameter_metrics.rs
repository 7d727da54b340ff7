//! What Prometheus reads about Diameter: peers, messages by peer, command and result, and how long answers took.
//!
//! In: a service's figures. Out: families of a registry that somebody else prints: the metrics of a CSCF, or those of an
//! HSS ([`DiameterMetrics`]).

use std::collections::BTreeMap;
use std::fmt::Error;

use diameter::node::What;
use diameter::{CommandCode, Outcome};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;
use transport::diameter::{DiameterService, Latency};

use crate::metrics::Labels;

/// The Diameter figures of a service without a host around it.
#[derive(Debug)]
pub struct DiameterMetrics {
    registry: Registry,
}

#[derive(Debug)]
struct OfService(DiameterService);

impl Collector for OfService {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        all(&mut encoder, &self.0)
    }
}

impl DiameterMetrics {
    /// Of this service.
    #[must_use]
    pub fn new(service: DiameterService) -> Self {
        let mut registry = Registry::with_prefix("strowger");
        registry.register_collector(Box::new(OfService(service)));
        Self { registry }
    }

    /// OpenMetrics text.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

/// Every family.
pub(crate) fn all(encoder: &mut DescriptorEncoder<'_>, service: &DiameterService) -> Result<(), Error> {
    peers(encoder, service)?;
    messages(encoder, service)?;
    latencies(encoder, service)
}

fn name(command: CommandCode) -> String {
    format!("{command:?}")
}

fn peers(encoder: &mut DescriptorEncoder<'_>, service: &DiameterService) -> Result<(), Error> {
    let peers = service.peers();
    let help = "Whether a Diameter peer is open";
    let mut family = encoder.encode_descriptor("diameter_peer_open", help, None, MetricType::Gauge)?;
    for peer in &peers {
        let identity = peer.identity.to_string();
        let labels = Labels(vec![("peer", &identity)]);
        family.encode_family(&labels)?.encode_gauge(&i64::from(peer.is_open()))?;
    }
    let help = "Requests to a Diameter peer without an answer yet";
    let mut family = encoder.encode_descriptor("diameter_outstanding", help, None, MetricType::Gauge)?;
    for peer in &peers {
        let identity = peer.identity.to_string();
        let labels = Labels(vec![("peer", &identity)]);
        family.encode_family(&labels)?.encode_gauge(&(peer.outstanding as i64))?;
    }
    Ok(())
}

/// What happened, in a word, and how the message says that its request ended.
fn told(what: What) -> (&'static str, String) {
    let outcome = |outcome: Option<Outcome>| match outcome {
        Some(Outcome::Result(code)) => code.0.to_string(),
        Some(Outcome::Experimental { code, .. }) => code.to_string(),
        None => "none".into(),
    };
    match what {
        What::RequestSent => ("request_sent", String::new()),
        What::RequestSentAgain => ("request_sent_again", String::new()),
        What::AnswerReceived(code) => ("answer_received", outcome(code)),
        What::AnswerUnmatched => ("answer_unmatched", String::new()),
        What::Deadline => ("deadline", String::new()),
        What::RequestReceived => ("request_received", String::new()),
        What::Duplicate => ("duplicate", String::new()),
        What::AnswerSent(code) => ("answer_sent", outcome(code)),
        What::Unanswered => ("unanswered", String::new()),
        What::Refused(_) => ("refused", String::new()),
    }
}

fn messages(encoder: &mut DescriptorEncoder<'_>, service: &DiameterService) -> Result<(), Error> {
    // Refusals of different kinds are one series.
    let mut counts = BTreeMap::<_, u64>::new();
    for counter in service.counters() {
        let (what, result) = told(counter.what);
        *counts.entry((counter.peer.to_string(), name(counter.command), what, result)).or_default() +=
            counter.count;
    }
    let help = "Diameter messages, and what became of them";
    let mut family = encoder.encode_descriptor("diameter_messages", help, None, MetricType::Counter)?;
    for ((peer, command, what, result), count) in &counts {
        let labels = Labels(vec![("peer", peer), ("command", command), ("what", what), ("result", result)]);
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(count, None)?;
    }
    Ok(())
}

fn latencies(encoder: &mut DescriptorEncoder<'_>, service: &DiameterService) -> Result<(), Error> {
    let help = "Time from a Diameter request to its answer, in seconds";
    let mut family =
        encoder.encode_descriptor("diameter_answer_seconds", help, None, MetricType::Histogram)?;
    for (command, latency) in service.latencies() {
        let bounds = Latency::BOUNDS.iter().map(std::time::Duration::as_secs_f64).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds.zip(latency.counts).collect();
        let command = name(command);
        let labels = Labels(vec![("command", &command)]);
        family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
            latency.sum.as_secs_f64(),
            latency.count(),
            &buckets,
            None,
        )?;
    }
    Ok(())
}
