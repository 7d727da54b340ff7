//! A peer that shares no line with us: `peer.py` packs and unpacks its own bytes.

use std::process::{Command, Stdio};

use crate::world::*;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_peer_of_other_bytes_is_let_in_asks_and_leaves() {
    let Some(python) = toolchain::needs::program("python3", "python3") else { return };
    let hss = Setup::new(HSS).expecting("py.ims.test").start();
    let mut command = Command::new(python);
    command.arg(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/diameter/peer.py"));
    command.arg(hss.listening()[0].port().to_string()).stdin(Stdio::null());
    let output = soon(tokio::task::spawn_blocking(move || command.output())).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(
        said.lines().collect::<Vec<_>>(),
        ["CEA 2001", "DWA 2001", "LIA 2001", "UNKNOWN 3001", "DPA 2001"]
    );
    until(|| hss.connections().live == 0).await;
}
