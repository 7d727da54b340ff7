//! What holds in a node after every input, and in the end. In: a node. Out: a panic where it does not.

use proxy::BranchState;

use crate::context::{Active, Asking, Context};
use crate::io::ContextId;
use crate::node::Node;

/// After every input.
pub(super) fn hold(node: &Node) {
    let mut open = 0;
    for (id, context) in node.contexts.iter() {
        open += usize::from(!context.answered);
        if let Some(server) = context.server {
            assert_eq!(node.servers.get(server.slot()), Some(id), "a transaction knows its context");
            assert!(node.transactions.server_flow(server).is_some(), "a context ends with its transaction");
        }
        match &context.active {
            Some(active) => is_waited_for(node, id, context, active),
            None => assert!(context.answered, "what is not answered is worked on"),
        }
    }
    assert_eq!(node.contexts.open(), open, "open contexts are counted");
    let counts = node.transactions.counts();
    assert_eq!(node.counters.open_contexts.get(), open as u64);
    assert_eq!(node.counters.server_transactions.get(), u64::from(counts.server()));
    assert_eq!(node.counters.client_transactions.get(), u64::from(counts.client()));
}

/// Somebody will say something about an open context: the script, the locator, or a client transaction.
fn is_waited_for(node: &Node, id: ContextId, context: &Context, active: &Active) {
    let is_late = context.late.is_some() && matches!(active.asking, Some(Asking::Reply(_)));
    assert!(!context.answered || is_late, "what is answered is not worked on, but for a further 2xx");
    let mut waits = active.asking.is_some();
    assert!(waits || active.replies.is_empty(), "replies wait for the script, which is not asked");
    for (number, branch) in active.branches.iter().enumerate() {
        let state = active.forking.state(number as u16);
        if !matches!(state, Some(BranchState::Trying | BranchState::Proceeding | BranchState::Cancelling)) {
            continue;
        }
        if branch.locating {
            waits = true;
        } else if let Some(client) = branch.client {
            assert!(
                node.transactions.client_flow(client).is_some(),
                "a branch's transaction lives: {client:?}"
            );
            assert_eq!(
                node.clients.get(client.slot()),
                Some(id),
                "a transaction knows its context: {client:?}"
            );
            waits = true;
        }
    }
    assert!(waits, "nobody will ever say what becomes of a {:?}", context.method);
}

/// After enough time without an input.
pub(super) fn quiescent(node: &Node) {
    assert!(
        node.is_quiescent(),
        "something is left: {:?}, {} contexts",
        node.transactions.counts(),
        node.contexts.len()
    );
    assert!(node.is_idle());
    assert_eq!(node.counters.open_contexts.get(), 0);
    assert_eq!(node.counters.server_transactions.get(), 0);
    assert_eq!(node.counters.client_transactions.get(), 0);
    for method in 0..crate::counters::METHODS.len() {
        let answered: u64 =
            node.counters.response_times(method).buckets.iter().map(|count| count.get()).sum();
        assert!(answered <= node.counters.requests(method), "no request is answered twice");
    }
}

/// After the last timer.
pub(super) fn nothing_is_left(node: &Node) {
    assert_eq!(node.poll_timeout(), None);
    assert!(node.server_names.is_empty(), "names of peers are kept for transactions only");
    assert!(node.adopting.is_empty(), "nobody waits any more");
    assert_eq!((node.dialogs.len(), node.counters.dialogs.get()), (0, 0), "dialogs end");
}
