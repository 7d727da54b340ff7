//! What Prometheus reads. In: the counters of all shards, plugins and stores. Out: OpenMetrics text.
//!
//! Nothing is counted here: counters are plain numbers where things happen, and are gathered when somebody asks.

use std::fmt::Error;
use std::sync::Arc;

use node::Counters;
use node::counters::{BUCKETS_US, DISCARDS, METHODS};
use plugin::{AnswerClass, AnswerGroup, DecisionKind, HOOKS, Identity, StatsSnapshot, TrapKind};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::text::encode;
use prometheus_client::encoding::{DescriptorEncoder, EncodeLabelSet, NoLabelSet};
use prometheus_client::metrics::MetricType;
use prometheus_client::registry::Registry;

use crate::control::Shared;
use crate::ims::Ims;
use crate::recorder::Figures;

/// The figures of a host, ready to be read.
#[derive(Debug)]
pub(crate) struct Metrics {
    registry: Registry,
}

impl Metrics {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        let mut registry = Registry::with_prefix("strowger");
        registry.register_collector(Box::new(Host { shared: Arc::downgrade(shared) }));
        Self { registry }
    }

    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        // Writing to a String does not fail.
        let _ = encode(&mut text, &self.registry);
        text
    }
}

#[derive(Debug)]
struct Host {
    shared: std::sync::Weak<Shared>,
}

/// Label names with their values.
#[derive(Debug, Clone, Hash, PartialEq, Eq)]
pub(crate) struct Labels<'a>(pub(crate) Vec<(&'static str, &'a str)>);

impl EncodeLabelSet for Labels<'_> {
    fn encode(&self, encoder: &mut prometheus_client::encoding::LabelSetEncoder<'_>) -> Result<(), Error> {
        self.0.iter().try_for_each(|pair| {
            prometheus_client::encoding::EncodeLabel::encode(pair, encoder.encode_label())
        })
    }
}

impl Collector for Host {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let Some(shared) = self.shared.upgrade() else { return Ok(()) };
        let counters: Vec<&Counters> = shared.counters.iter().map(|counters| &**counters).collect();
        requests(&mut encoder, &counters)?;
        responses(&mut encoder, &counters)?;
        response_times(&mut encoder, &counters)?;
        totals(&mut encoder, &shared, &counters)?;
        plugins(&mut encoder, &shared)?;
        shadow(&mut encoder, &shared)?;
        recordings(&mut encoder, shared.recordings.figures())?;
        let Some(ims) = &shared.ims else { return Ok(()) };
        served(&mut encoder, ims)?;
        crate::diameter_metrics::all(&mut encoder, &ims.diameter)
    }
}

/// What an S-CSCF keeps for its subscribers.
fn served(encoder: &mut DescriptorEncoder<'_>, ims: &Ims) -> Result<(), Error> {
    let counts = ims.counts();
    for (name, help, value) in [
        ("subscribers", "Implicit registration sets that are served", counts.subscribers),
        ("challenges", "Challenges that wait for their answer", counts.challenges),
        ("subscriptions", "Subscriptions to registrations", counts.subscriptions),
    ] {
        encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&(value as i64))?;
    }
    Ok(())
}

fn requests(encoder: &mut DescriptorEncoder<'_>, counters: &[&Counters]) -> Result<(), Error> {
    let help = "Requests received, retransmissions not counted";
    let mut family = encoder.encode_descriptor("sip_requests", help, None, MetricType::Counter)?;
    for (n, method) in METHODS.iter().enumerate() {
        let value: u64 = counters.iter().map(|counters| counters.requests(n)).sum();
        if value > 0 {
            let labels = Labels(vec![("method", method)]);
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
    }
    Ok(())
}

fn responses(encoder: &mut DescriptorEncoder<'_>, counters: &[&Counters]) -> Result<(), Error> {
    let help = "Responses sent upstream, retransmissions not counted";
    let mut family = encoder.encode_descriptor("sip_responses", help, None, MetricType::Counter)?;
    for (n, method) in METHODS.iter().enumerate() {
        let mut by_status = std::collections::BTreeMap::<u16, u64>::new();
        for (status, number) in counters.iter().flat_map(|counters| counters.responses(n)) {
            *by_status.entry(status).or_default() += number;
        }
        for (status, value) in by_status {
            let status = status.to_string();
            let labels = Labels(vec![("method", method), ("code", &status)]);
            family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
        }
    }
    Ok(())
}

fn response_times(encoder: &mut DescriptorEncoder<'_>, counters: &[&Counters]) -> Result<(), Error> {
    let help = "Time from a request's arrival to its final response's departure, in seconds";
    let mut family = encoder.encode_descriptor("sip_response_seconds", help, None, MetricType::Histogram)?;
    for (n, method) in METHODS.iter().enumerate() {
        let bounds = BUCKETS_US.iter().map(|&us| us as f64 / 1e6).chain([f64::INFINITY]);
        let buckets: Vec<(f64, u64)> = bounds
            .enumerate()
            .map(|(at, bound)| (bound, counters.iter().map(|c| c.response_times(n).buckets[at].get()).sum()))
            .collect();
        let count: u64 = buckets.iter().map(|(_, number)| number).sum();
        if count > 0 {
            let sum: u64 = counters.iter().map(|counters| counters.response_times(n).sum_us.get()).sum();
            let labels = Labels(vec![("method", method)]);
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(
                sum as f64 / 1e6,
                count,
                &buckets,
                None,
            )?;
        }
    }
    Ok(())
}

fn totals(encoder: &mut DescriptorEncoder<'_>, shared: &Shared, counters: &[&Counters]) -> Result<(), Error> {
    let sum = |read: fn(&Counters) -> u64| counters.iter().map(|counters| read(counters)).sum::<u64>();
    for (name, help, value) in [
        (
            "server_transactions",
            "Server transactions now, lingering ones included",
            sum(|c| c.server_transactions.get()),
        ),
        (
            "client_transactions",
            "Client transactions now, lingering ones included",
            sum(|c| c.client_transactions.get()),
        ),
        (
            "active_transactions",
            "Requests under way: without a final response yet",
            sum(|c| c.open_contexts.get()),
        ),
        ("dialogs", "Dialogs now", sum(|c| c.dialogs.get())),
        ("registrations", "Contacts registered now", shared.registrations.count() as u64),
    ] {
        encoder.encode_descriptor(name, help, None, MetricType::Gauge)?.encode_gauge(&(value as i64))?;
    }
    for (name, help, value) in [
        ("sip_retransmissions_received", "Retransmitted requests absorbed", sum(|c| c.retransmissions.get())),
        (
            "script_consultations_failed",
            "Consultations that gave no decision",
            sum(|c| c.consult_errors.get()),
        ),
        (
            "plugin_pins_lost",
            "Requests inside calls whose version is not here, put before the active one",
            shared.loaded.lost_so_far(),
        ),
    ] {
        let mut counter = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        counter.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
    }
    let help = "Messages thrown away";
    let mut family = encoder.encode_descriptor("sip_discards", help, None, MetricType::Counter)?;
    for (n, why) in DISCARDS.iter().enumerate() {
        let value: u64 = counters.iter().map(|counters| counters.discards(n)).sum();
        let labels = Labels(vec![("why", why)]);
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
    }
    Ok(())
}

/// One series of plugin figures: name, help, and for each version the extra label's value with its number.
type Series =
    (&'static str, &'static str, Option<&'static str>, fn(&StatsSnapshot) -> Vec<(&'static str, u64)>);

const PLUGIN_SERIES: [Series; 8] = [
    ("plugin_calls", "Calls of a hook", None, |stats| vec![("", stats.calls)]),
    ("plugin_decisions", "Decisions by kind", Some("kind"), |stats| {
        DecisionKind::ALL.iter().map(|&kind| (kind.name(), stats.decided(kind))).collect()
    }),
    ("plugin_server_failures", "Decisions that answer 5xx", None, |stats| vec![("", stats.server_failures)]),
    ("plugin_faults", "Faults that the script returned", None, |stats| vec![("", stats.faults)]),
    ("plugin_traps", "Traps by kind", Some("kind"), |stats| {
        TrapKind::ALL.iter().map(|&kind| (kind.name(), stats.trapped(kind))).collect()
    }),
    ("plugin_failures", "Other calls without a decision", Some("why"), |stats| {
        vec![
            ("deadline", stats.deadlines),
            ("invalid", stats.invalid),
            ("busy", stats.busy),
            ("abandoned", stats.abandoned),
        ]
    }),
    ("plugin_guests_started", "Instances made", None, |stats| vec![("", stats.guests_started)]),
    ("plugin_log_lines_dropped", "Log lines beyond the bounds of a call and of a second", None, |stats| {
        vec![("", stats.log_lines_dropped)]
    }),
];

fn plugins(encoder: &mut DescriptorEncoder<'_>, shared: &Shared) -> Result<(), Error> {
    let alive = shared.active.versions().into_iter().map(|version| (version.identity, version.stats));
    let versions: Vec<_> = alive.chain(shared.active.departed()).collect();
    for (name, help, label, read) in PLUGIN_SERIES {
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
        for (identity, stats) in &versions {
            let number = identity.number.to_string();
            for (kind, value) in read(stats) {
                if label.is_some() && value == 0 {
                    continue;
                }
                let labels = version_labels(identity, &number, label.map(|label| (label, kind)));
                family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            }
        }
    }
    let mut family =
        encoder.encode_descriptor("plugin_cpu_seconds", "Time in scripts", None, MetricType::Counter)?;
    for (identity, stats) in &versions {
        let number = identity.number.to_string();
        let labels = version_labels(identity, &number, None);
        let value = stats.cpu.as_secs_f64();
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
    }
    plugin_answers(encoder, &versions)?;
    plugin_times(encoder, &versions)
}

fn plugin_answers(
    encoder: &mut DescriptorEncoder<'_>,
    versions: &[(Identity, StatsSnapshot)],
) -> Result<(), Error> {
    let help = "Final answers to the transactions that a version took; 4xx and 6xx without those named apart";
    let mut family = encoder.encode_descriptor("plugin_answers", help, None, MetricType::Counter)?;
    for (identity, stats) in versions {
        let number = identity.number.to_string();
        for (group, class) in
            AnswerGroup::ALL.into_iter().flat_map(|group| AnswerClass::ALL.map(|class| (group, class)))
        {
            let value = stats.answers.count(group, class);
            if value > 0 {
                let labels =
                    version_labels(identity, &number, [("request", group.name()), ("class", class.name())]);
                family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
            }
        }
    }
    Ok(())
}

fn plugin_times(
    encoder: &mut DescriptorEncoder<'_>,
    versions: &[(Identity, StatsSnapshot)],
) -> Result<(), Error> {
    let help = "Time of a hook's call with what it waited for, in seconds";
    let mut family = encoder.encode_descriptor("plugin_call_seconds", help, None, MetricType::Histogram)?;
    for (identity, stats) in versions {
        let number = identity.number.to_string();
        for (&(_, hook), times) in HOOKS.iter().zip(&*stats.times).filter(|(_, times)| times.calls() > 0) {
            let buckets: Vec<(f64, u64)> = times
                .doublings()
                .map(|(bound, calls)| (bound.map_or(f64::INFINITY, |bound| bound.as_secs_f64()), calls))
                .collect();
            let labels = version_labels(identity, &number, [("hook", hook)]);
            let (sum, calls) = (times.sum().as_secs_f64(), times.calls());
            family.encode_family(&labels)?.encode_histogram::<NoLabelSet>(sum, calls, &buckets, None)?;
        }
    }
    Ok(())
}

/// A candidate that is or was in the shadow of the active version.
fn shadow(encoder: &mut DescriptorEncoder<'_>, shared: &Shared) -> Result<(), Error> {
    let Some(report) = shared.shadows.report() else { return Ok(()) };
    let number = report.candidate.number.to_string();
    let of_candidate = |more| {
        let (name, version) = (&*report.candidate.name, &*report.candidate.version);
        let all =
            [("role", &*report.role), ("plugin", name), ("version", version), ("number", &number), more];
        Labels(all.into())
    };
    let help = "Hooks that a version in the shadow of the active one was asked, by what came of it";
    let mut family = encoder.encode_descriptor("shadow_calls", help, None, MetricType::Counter)?;
    for (result, value) in [
        ("same", report.same),
        ("different", report.different),
        ("asked_more", report.asked_more),
        ("failed", report.failed),
        ("dropped", report.dropped),
    ] {
        let labels = of_candidate(("result", result));
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
    }
    let help = "Processor time of both versions, of hooks that both were asked in the shadow";
    let mut family = encoder.encode_descriptor("shadow_cpu_seconds", help, None, MetricType::Counter)?;
    for (who, us) in [("candidate", report.cost.candidate_us), ("active", report.cost.active_us)] {
        let labels = of_candidate(("who", who));
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&(us / 1e6), None)?;
    }
    Ok(())
}

/// All recordings of calls since the start.
fn recordings(encoder: &mut DescriptorEncoder<'_>, figures: Figures) -> Result<(), Error> {
    let Figures { is_running, faithful, unfaithful, dropped, withheld, bytes } = figures;
    let help = "Whether calls of the script are recorded now";
    let mut gauge = encoder.encode_descriptor("recording", help, None, MetricType::Gauge)?;
    gauge.encode_gauge(&i64::from(is_running))?;
    let help = "Calls of the script that were to be recorded, by what came of it";
    let mut family = encoder.encode_descriptor("recorded_calls", help, None, MetricType::Counter)?;
    for (result, value) in
        [("faithful", faithful), ("unfaithful", unfaithful), ("dropped", dropped), ("withheld", withheld)]
    {
        let labels = Labels(vec![("result", result)]);
        family.encode_family(&labels)?.encode_counter::<NoLabelSet, _, u64>(&value, None)?;
    }
    let help = "Bytes of recordings";
    let mut counter = encoder.encode_descriptor("recorded_bytes", help, None, MetricType::Counter)?;
    counter.encode_counter::<NoLabelSet, _, u64>(&bytes, None)
}

fn version_labels<'a>(
    identity: &'a plugin::Identity,
    number: &'a str,
    more: impl IntoIterator<Item = (&'static str, &'a str)>,
) -> Labels<'a> {
    let mut labels = vec![
        ("role", &*identity.role),
        ("plugin", &*identity.name),
        ("version", &*identity.version),
        ("number", number),
    ];
    labels.extend(more);
    Labels(labels)
}
