//! Nothing is left when nothing is under way: transactions, contexts, dialogs, timers, old versions of the plugin.
//!
//! In: what each node still has at the very end. Out: what should be gone.

use node::Node;

/// What a node still has.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Left {
    /// Its number.
    pub node: usize,
    /// It says that something is under way.
    pub is_busy: bool,
    /// Requests without a final response.
    pub open: u64,
    /// Server and client transactions.
    pub transactions: (u64, u64),
    /// Dialogs.
    pub dialogs: u64,
    /// It waits for a time that will come.
    pub waits: bool,
    /// Versions of the plugin that are loaded beside the active one, where no dialog is left that may have one.
    pub old_versions: usize,
}

impl Left {
    /// What this node has. `is_last`: dialogs have had the time to end by themselves.
    pub(crate) fn of(element: &Node, node: usize, is_last: bool, old_versions: usize) -> Left {
        let counters = element.counters();
        Left {
            node,
            is_busy: !element.is_quiescent(),
            open: counters.open_contexts.get(),
            transactions: (counters.server_transactions.get(), counters.client_transactions.get()),
            dialogs: if is_last { counters.dialogs.get() } else { 0 },
            waits: is_last && element.poll_timeout().is_some(),
            // A call keeps the version that took it.
            old_versions: if counters.dialogs.get() > 0 { 0 } else { old_versions },
        }
    }
}

pub(super) fn judge(left: &Left) -> Vec<String> {
    let node = left.node;
    [
        (left.is_busy, format!("node {node} is not quiescent")),
        (left.open > 0, format!("node {node} has {} requests without a final response", left.open)),
        (left.transactions != (0, 0), format!("node {node} has transactions: {:?}", left.transactions)),
        (left.dialogs > 0, format!("node {node} has {} dialogs", left.dialogs)),
        (left.waits, format!("node {node} waits for something")),
        (left.old_versions > 0, format!("{} old versions of the plugin are still loaded", left.old_versions)),
    ]
    .into_iter()
    .filter_map(|(is_left, what)| is_left.then_some(what))
    .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_that_is_left_is_named() {
        assert!(judge(&Left::default()).is_empty());
        let all = Left {
            node: 1,
            is_busy: true,
            open: 1,
            transactions: (1, 0),
            dialogs: 1,
            waits: true,
            old_versions: 1,
        };
        assert_eq!(judge(&all).len(), 6);
    }
}
