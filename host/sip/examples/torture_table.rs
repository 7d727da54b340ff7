//! Prints every message of RFC 4475 and RFC 5118 as a Markdown table: section, what the RFC expects, what is
//! expected here and why, what is seen. Ends with an error where a row differs.

#[path = "../tests/torture/mod.rs"]
mod corpus;

use std::process::ExitCode;

fn main() -> ExitCode {
    println!("| message | section | what it is | the RFC expects | expected here | why | seen |");
    println!("|---|---|---|---|---|---|---|");
    let mut rows = 0;
    let mut differ = 0;
    for row in corpus::rows() {
        let (seen, reason) = row.seen();
        let reason = if reason.is_empty() { reason } else { format!(": {reason}") };
        println!(
            "| {} | RFC {} §{} | {} | {} | {} | {} | {seen}{reason} |",
            row.name,
            row.rfc,
            row.section,
            row.title.replace('<', "&lt;"),
            row.rfc_expects,
            row.expected,
            row.reason,
        );
        rows += 1;
        differ += usize::from(seen != row.expected);
    }
    println!("\n{rows} messages, {differ} not as expected.");
    if differ == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
