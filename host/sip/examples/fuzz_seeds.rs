//! Writes what the fuzz targets of this crate begin with: `fuzz_seeds FOLDER` fills FOLDER/sip_TARGET for each of them
//! with the messages of RFC 4475 and RFC 5118, or with what the target takes out of them.

#[path = "../tests/torture/mod.rs"]
mod corpus;

use std::path::PathBuf;

use strowger_sip::fuzzing::{Mutants, TARGETS, seed};

fn main() -> std::io::Result<()> {
    let folder = PathBuf::from(std::env::args().nth(1).expect("usage: fuzz_seeds FOLDER"));
    let mut mutants = Mutants::new(4475);
    for (target, _) in TARGETS {
        let folder = folder.join(format!("sip_{target}"));
        std::fs::create_dir_all(&folder)?;
        for row in corpus::rows() {
            std::fs::write(folder.join(row.name), seed(&row.bytes(), target, &mut mutants))?;
        }
    }
    Ok(())
}
