//! The ladder: who sent what to whom, drawn as it happens.
//!
//! ```text
//!   0.012   alice              strowger               bob
//!   0.013     │── REGISTER ──────▶│                     │
//!   0.015     │◀───────── 401 ────│                     │
//! ```

use std::fmt::Write;
use std::time::Instant;

/// Characters between two lifelines.
const GAP: usize = 27;
/// Characters before the first lifeline.
const MARGIN: usize = 12;

/// One side of an arrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Caller,
    Router,
    Callee,
}

/// Draws on standard output.
pub(crate) struct Ladder {
    names: [String; 3],
    started: Instant,
    quiet: bool,
    pub(crate) messages: u32,
}

impl Ladder {
    pub(crate) fn new(names: [&str; 3]) -> Ladder {
        Ladder { names: names.map(str::to_owned), started: Instant::now(), quiet: false, messages: 0 }
    }

    /// Counts from here on, and draws nothing.
    pub(crate) fn hush(&mut self) {
        self.quiet = true;
    }

    /// The names above the lifelines, and what follows.
    pub(crate) fn title(&self, title: &str) {
        if !self.quiet {
            println!("\n{title}\n{}", heads(&self.names));
        }
    }

    /// A message has been sent, or has come.
    pub(crate) fn arrow(&mut self, from: Side, to: Side, label: &str) {
        self.messages += 1;
        if !self.quiet {
            println!("{:>9.3} {}", self.started.elapsed().as_secs_f64(), &row(from, to, label)[10..]);
        }
    }
}

fn heads(names: &[String; 3]) -> String {
    let mut line = String::new();
    for (index, name) in names.iter().enumerate() {
        let centre = MARGIN + index * (GAP + 1);
        let from = centre.saturating_sub(name.chars().count() / 2);
        let missing = from.saturating_sub(line.chars().count());
        let _ = write!(line, "{}{name}", " ".repeat(missing));
    }
    line
}

/// A row without its time: the first [`MARGIN`] characters are blank.
fn row(from: Side, to: Side, label: &str) -> String {
    let left = from as usize <= to as usize;
    let first = (from as usize).min(to as usize);
    let label: String = label.chars().take(GAP - 6).collect();
    let rest = "─".repeat(GAP - 4 - label.chars().count());
    let arrow = if left { format!("─ {label} {rest}▶") } else { format!("◀{rest} {label} ─") };
    let blank = " ".repeat(GAP);
    let gaps = if first == 0 { [arrow, blank] } else { [blank, arrow] };
    format!("{}│{}│{}│", " ".repeat(MARGIN), gaps[0], gaps[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arrows_reach_from_one_line_to_the_next() {
        let to_router = row(Side::Caller, Side::Router, "INVITE");
        let from_router = row(Side::Router, Side::Callee, "INVITE");
        let back = row(Side::Callee, Side::Router, "180 Ringing");
        assert!(to_router.contains("│─ INVITE ─") && to_router.contains("▶│"));
        assert!(back.contains("│◀─") && back.ends_with(" 180 Ringing ─│"));
        let widths: Vec<_> =
            [&to_router, &from_router, &back].iter().map(|row| row.chars().count()).collect();
        assert!(widths.iter().all(|width| *width == MARGIN + 3 + 2 * GAP), "{widths:?}");
    }

    #[test]
    fn a_long_label_is_cut() {
        let row = row(Side::Caller, Side::Router, &"x".repeat(100));
        assert_eq!(row.chars().count(), MARGIN + 3 + 2 * GAP);
    }

    #[test]
    fn names_stand_above_their_lines() {
        let heads = heads(&["alice", "strowger", "bob"].map(str::to_owned));
        assert_eq!(heads.find("alice"), Some(MARGIN - 2));
        assert_eq!(heads.find("strowger"), Some(MARGIN + GAP + 1 - 4));
        assert_eq!(heads.find("bob"), Some(MARGIN + 2 * (GAP + 1) - 1));
    }
}
