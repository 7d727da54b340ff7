//! What a stateful proxy does: RFC 3261 §16, with RFC 5393 (loops, Max-Breadth) and RFC 5658 (double Record-Route).
//!
//! Pieces, value in and value out; the order in which a node uses them is that of §16.3 to §16.7. No transaction
//! runs here, nothing is sent, no time passes.
//!
//! | file | what | section |
//! |---|---|---|
//! | `own.rs` | who this element is | |
//! | `validate.rs` | is this request to be forwarded at all? | 16.3 |
//! | `loop_detection.rs` | a loop or a spiral? | 16.3 item 4, 16.6 item 8 |
//! | `preprocess.rs` | strict routers before us, our own Routes | 16.4 |
//! | `route_set.rs` | the Route values that a request leaves with, and where they lead | 16.6 items 6, 7 |
//! | `forward.rs` | what is changed in the copy that is forwarded | 16.6 |
//! | `response_context.rs` | branches, their responses, what goes upstream | 16.7 to 16.10 |
//! | `best_response.rs` | which of several | 16.7 item 6 |
//! | `forward_response.rs` | what is changed in a response | 16.7 items 3, 7 |
//! | `max_breadth.rs` | how wide a request may be forked | RFC 5393 §5 |
//! | `list.rs` | comma-separated lists | 7.3.1 |
//! | `stateless.rs` | the branch of an ACK to a 2xx | 16.11 |

pub mod best_response;
mod forward;
mod forward_response;
mod list;
pub mod loop_detection;
pub mod max_breadth;
mod own;
mod preprocess;
mod response_context;
mod route_set;
mod stateless;
mod validate;

pub use forward::{ForwardError, Forwarding, MAX_FORWARDS, RecordRoute, Side, Via, forward};
pub use forward_response::{add_challenges, forward_response};
pub use loop_detection::loop_hash;
pub use max_breadth::{DEFAULT_MAX_BREADTH, MaxBreadthError};
pub use own::{ListenAddress, Own};
pub use preprocess::{MAX_OWN_ROUTES, OwnRoute, Preprocessed, preprocess};
pub use response_context::{
    Action, Actions, Best, BranchIndex, BranchState, Event, Kind, MAX_BRANCHES, ResponseContext,
    TooManyBranches,
};
pub use route_set::{MAX_ROUTES, RouteError, RouteSet, Target, is_routing_edit};
pub use stateless::{STATELESS_BRANCH_LENGTH, StatelessBranch, stateless_branch};
pub use validate::{Refused, Rejection, validate};
