//! What came of a script: everything that happened, and what was heard.
//!
//! In: events and media reports. Out: a [`Report`], which prints as a ladder; or a line of it as soon as it happens.

use std::fmt;

use transaction::Time;

use super::audio::MediaReport;
use crate::bounds::MAX_REPORTED;
use crate::core::Event;

/// See the top of the file.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// Steps that were done.
    pub steps: usize,
    /// What happened, in order, each with the phone's time.
    pub events: Vec<(Time, Event)>,
    /// Events beyond [`MAX_REPORTED`].
    pub unreported: usize,
    /// Media of each call.
    pub media: Vec<MediaReport>,
}

impl Report {
    pub(super) fn add(&mut self, at: Time, event: Event) {
        match self.events.len() {
            MAX_REPORTED => self.unreported += 1,
            _ => self.events.push((at, event)),
        }
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, event) in &self.events {
            writeln!(f, "{}", ladder_line(*at, event))?;
        }
        if self.unreported > 0 {
            writeln!(f, "and {} events more", self.unreported)?;
        }
        for media in &self.media {
            writeln!(f, "media of {media}")?;
        }
        Ok(())
    }
}

/// One event as a line of the ladder, without its end.
#[must_use]
pub fn ladder_line(at: Time, event: &Event) -> String {
    let millis = at.as_millis();
    format!("{:>7}.{:03} s  {event}", millis / 1_000, millis % 1_000)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::CallId;

    #[test]
    fn a_ladder_has_a_line_for_each_event() {
        let mut report = Report::default();
        report.add(Time(1_234_567), Event::Ringing { call: CallId(1) });
        assert_eq!(report.to_string(), "      1.234 s  call 1: ringing\n");
    }

    #[test]
    fn a_report_is_bounded() {
        let mut report = Report::default();
        for _ in 0..MAX_REPORTED + 2 {
            report.add(Time(0), Event::Unreadable);
        }
        assert_eq!((report.events.len(), report.unreported), (MAX_REPORTED, 2));
        assert!(report.to_string().ends_with("and 2 events more\n"));
    }
}
