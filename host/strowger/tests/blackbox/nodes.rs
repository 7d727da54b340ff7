//! One command for several nodes (docs/operating.md): all of them or none take a version, a version is known by its digest, and
//! what one node cannot do hinders no other from going back.

use std::process::Output;
use std::time::Instant;

use crate::support::router::{edge, misbehaving, strowger};
use crate::support::{DOMAIN, Router};
use crate::versions::{push, version};

/// `strowger plugin …` at these addresses.
fn command(nodes: &str, arguments: &[&str]) -> Output {
    strowger(&[&["plugin", arguments[0], "--admin", nodes], &arguments[1..]].concat())
}

fn printed(output: &Output) -> String {
    assert!(output.status.success(), "{}", complained(output));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn complained(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Two routers, and both addresses with a comma between them.
fn two() -> ([Router; 2], String) {
    let routers = [Router::start(), Router::start()];
    let nodes = format!("{},http://{}/", routers[0].admin, routers[1].admin);
    (routers, nodes)
}

#[test]
fn a_version_gets_its_share_at_all_of_them_whatever_its_number_is() {
    let (routers, nodes) = two();
    // From here on numbers of the two differ.
    push(&routers[0], "");
    let file = edge().display().to_string();
    let said = printed(&command(&nodes, &["push", "--role", "edge", "--share", "10", &file]));
    for (router, number) in routers.iter().zip([3, 2]) {
        assert_eq!(version(router, number)["share"], 100, "#{number} of {}", router.admin);
        let own: Vec<&str> =
            said.lines().filter(|line| line.starts_with(&format!("{}  ", router.admin))).collect();
        assert!(own.iter().any(|line| line.contains("compiled")), "{said}");
        assert!(own.last().is_some_and(|line| line.contains(&format!("#{number}"))), "{said}");
    }
    // They agree without talking.
    let which = printed(&command(&nodes, &["which", &format!("sip:alice@{DOMAIN}")]));
    let is_candidate: Vec<bool> =
        which.lines().zip(["#3", "#2"]).map(|(line, number)| line.ends_with(number)).collect();
    assert!(is_candidate.len() == 2 && is_candidate[0] == is_candidate[1], "{which}");

    // The first digits of the digest mean both; the newest where a node has the file twice.
    let digest = version(&routers[1], 2)["digest"].as_str().expect("a digest")[..10].to_owned();
    printed(&command(&nodes, &["split", "--role", "edge", &digest, "20"]));
    for (router, number) in routers.iter().zip([3, 2]) {
        assert_eq!(version(router, number)["share"], 200);
    }

    let began = Instant::now();
    printed(&command(&nodes, &["rollback", "--role", "edge"]));
    println!("back at two nodes after {:?}", began.elapsed());
    for (router, number) in routers.iter().zip([3, 2]) {
        assert_eq!(version(router, number)["share"], 0);
        assert_eq!(version(router, 1)["share"], 1000);
    }
}

#[test]
fn a_number_that_is_not_the_same_version_everywhere_is_refused() {
    let (routers, nodes) = two();
    push(&routers[0], "");
    let file = misbehaving().display().to_string();
    let other = routers[1].admin.to_string();
    printed(&command(&other, &["push", "--role", "edge", "--drop-hooks", &file]));
    let refused = complained(&command(&nodes, &["promote", "--role", "edge", "2"]));
    assert!(refused.contains("nothing was done") && refused.contains("digest"), "{refused}");
    let refused = complained(&command(&nodes, &["promote", "--role", "edge", "3"]));
    assert!(refused.contains("has no version #3"), "{refused}");
    for router in &routers {
        assert_eq!(version(router, 1)["state"], "active", "{}", router.admin);
    }
}

/// What is to be refused at one node is taken at none; where one is down, the others go back all the same.
#[test]
fn a_node_that_is_down() {
    let (mut routers, nodes) = two();
    let file = edge().display().to_string();
    printed(&command(&nodes, &["push", "--role", "edge", "--activate", &file]));
    for router in &routers {
        assert_eq!(version(router, 2)["state"], "active");
    }
    routers[1].kill();
    let refused = complained(&command(&nodes, &["push", "--role", "edge", "--activate", &file]));
    let down = routers[1].admin.to_string();
    assert!(refused.contains("nothing was done") && refused.contains(&down), "{refused}");
    assert_eq!(version(&routers[0], 2)["state"], "active", "#3 is only checked");
    assert_eq!(version(&routers[0], 3)["state"], "checked");

    let half = command(&nodes, &["rollback", "--role", "edge"]);
    assert!(!half.status.success());
    assert!(complained(&half).contains("not done at 1 of 2 nodes"), "{}", complained(&half));
    assert_eq!(version(&routers[0], 1)["state"], "active", "which is up is back");
}
