//! The roles of one process, whose traces one console draws together: what one sent and another received is one line there.
//!
//! In: each role with its trace, as it starts. Out: which there are, and the trace of one by its name. Who may change one
//! role need not be who may change another: a role shows its console only those with the same rule of access.

use std::sync::Arc;

use parking_lot::RwLock;
use trace::Trace;

use crate::Access;

/// All roles of this process that serve HTTP.
#[derive(Debug, Clone, Default)]
pub struct Nodes(Arc<RwLock<Vec<Node>>>);

#[derive(Debug)]
struct Node {
    name: String,
    access: Access,
    trace: Option<Arc<Trace>>,
}

/// One of them, as it sees the others.
#[derive(Debug, Clone)]
pub struct Own {
    nodes: Nodes,
    name: String,
    access: Access,
}

impl Nodes {
    /// One more role. Its name is the role's, with a number where there is one of that name.
    #[must_use]
    pub fn join(&self, role: &str, access: Access, trace: Option<Arc<Trace>>) -> Own {
        let mut all = self.0.write();
        let is_free = |name: &str| all.iter().all(|node| node.name != name);
        let mut name = role.to_owned();
        let mut number = 2;
        while !is_free(&name) {
            name = format!("{role} {number}");
            number += 1;
        }
        all.push(Node { name: name.clone(), access: access.clone(), trace });
        Own { nodes: self.clone(), name, access }
    }
}

impl Own {
    /// Its name among the others.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Who may change things here.
    #[must_use]
    pub fn access(&self) -> &Access {
        &self.access
    }

    /// Names of those that trace and have the same rule of access, in the order of their start.
    #[must_use]
    pub fn traced(&self) -> Vec<String> {
        let all = self.nodes.0.read();
        let traced = all.iter().filter(|node| node.access == self.access && node.trace.is_some());
        traced.map(|node| node.name.clone()).collect()
    }

    /// The trace of one of them, or its own; none where nothing is traced, or nothing for who asks here.
    #[must_use]
    pub fn trace(&self, of: Option<&str>) -> Option<(String, Arc<Trace>)> {
        let name = of.unwrap_or(&self.name);
        let all = self.nodes.0.read();
        let node = all.iter().find(|node| node.name == name && node.access == self.access)?;
        Some((node.name.clone(), Arc::clone(node.trace.as_ref()?)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_console_shows_the_roles_of_its_own_token_alone() {
        let nodes = Nodes::default();
        let trace = || Some(Arc::new(Trace::new(1)));
        let access = |token: &str| Access::new(Some(token.into()));
        let pcscf = nodes.join("pcscf", access("one"), trace());
        let hss = nodes.join("hss", access("two"), trace());
        let scscf = nodes.join("scscf", access("one"), trace());
        let other = nodes.join("scscf", access("one"), None);
        assert_eq!(pcscf.traced(), ["pcscf", "scscf"]);
        assert_eq!(hss.traced(), ["hss"]);
        assert_eq!(other.name(), "scscf 2");
        assert!(pcscf.trace(Some("scscf")).is_some());
        assert!(pcscf.trace(Some("hss")).is_none(), "it has another token");
        assert!(other.trace(None).is_none(), "it traces nothing");
        assert!(scscf.trace(Some("nobody")).is_none());
    }
}
