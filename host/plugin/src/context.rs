//! What comes with a message into a hook, and what goes out beside the decision.
//!
//! In: the runtime's record of a transaction. Out: [`Effects`], which take place if, and only if, the decision is
//! carried out. The message itself and the decision are elsewhere (`call.rs`).

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use crate::limits::{MAX_VARIABLE, MAX_VARIABLES};
use crate::services::Staged;

/// Variables of a transaction or of a dialog: at most 32, name and value of each at most 4 kB.
///
/// A plain list: there are few, and a copy is made only when one changes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables(Vec<(Box<str>, Bytes)>);

/// A bound of [`Variables`] was reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a transaction or dialog keeps at most {MAX_VARIABLES} variables of {MAX_VARIABLE} bytes")]
pub struct VariablesFull;

impl Variables {
    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&Bytes> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, value)| value)
    }

    /// Sets a variable, or removes it (`None`).
    ///
    /// # Errors
    /// [`VariablesFull`] where it would be one too many, or is too long; nothing has changed then.
    pub fn set(&mut self, name: &str, value: Option<Bytes>) -> Result<(), VariablesFull> {
        let place = self.0.iter().position(|(known, _)| **known == *name);
        match (place, value) {
            (Some(at), None) => {
                self.0.swap_remove(at);
            }
            (None, None) => {}
            (_, Some(value)) if name.len() + value.len() > MAX_VARIABLE => return Err(VariablesFull),
            (Some(at), Some(value)) => self.0[at].1 = value,
            (None, Some(_)) if self.0.len() >= MAX_VARIABLES => return Err(VariablesFull),
            (None, Some(value)) => self.0.push((name.into(), value)),
        }
        Ok(())
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Bytes)> {
        self.0.iter().map(|(name, value)| (&**name, value))
    }
}

/// What belongs to the message in hand.
#[derive(Debug, Clone)]
pub struct ConsultContext {
    /// Number of the transaction, unique within a run of the host.
    pub transaction: u64,
    /// Where the message came from.
    pub flow: sip::Flow,
    /// Variables of the transaction, if there are any.
    pub variables: Option<Arc<Variables>>,
    /// Variables of the dialog, if there are any.
    pub dialog_variables: Option<Arc<Variables>>,
    /// The request, where the message in hand is a response; `None`: the message itself.
    pub request: Option<Arc<sip::Message>>,
    /// The host's own URIs by which the request came.
    pub own_routes: Option<Arc<[Box<str>]>>,
}

impl ConsultContext {
    /// A context without variables.
    pub fn new(transaction: u64, flow: sip::Flow) -> Self {
        ConsultContext {
            transaction,
            flow,
            variables: None,
            dialog_variables: None,
            request: None,
            own_routes: None,
        }
    }
}

/// What a hook asked to happen beside its decision, in the order it was asked for. Dropped on a fault, a trap, a
/// deadline or a decision that breaks the contract: then nothing of it happens.
#[derive(Default)]
pub struct Effects {
    /// The transaction's variables from now on; `None`: unchanged.
    pub variables: Option<Arc<Variables>>,
    /// The dialog's variables from now on; `None`: unchanged.
    pub dialog_variables: Option<Arc<Variables>>,
    /// Provisional answers to send before the decision: status 101 to 199 and reason (empty: the standard phrase).
    pub provisionals: Vec<(u16, Box<str>)>,
    /// What [`crate::Services`] staged: registrations and removals, to be committed before a final answer leaves.
    pub staged: Vec<Staged>,
    /// Requests of the script's own, to be sent after the decision.
    pub sends: Vec<Send>,
    /// The To tag of the answer, where one was chosen.
    pub to_tag: Option<Box<str>>,
}

/// A request of a script's own.
#[derive(Debug, Clone)]
pub struct Send {
    /// Complete but for Via.
    pub request: sip::Message,
    /// By which `on-answer` knows it; empty: nobody is told.
    pub token: Box<str>,
    /// Give up after this time; `None`: Timer F.
    pub timeout: Option<Duration>,
    /// Its body is that of a third-party REGISTER (TS 24.229 §5.4.1.7), made of the REGISTER in hand and its answer.
    pub third_party: Option<ThirdParty>,
}

/// What an application server's criteria want in the body of its REGISTER.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ThirdParty {
    /// ServiceInfo.
    pub service_info: Option<Box<str>>,
    /// IncludeRegisterRequest.
    pub include_request: bool,
    /// IncludeRegisterResponse.
    pub include_response: bool,
}

impl Effects {
    /// Whether there is nothing to do.
    pub fn is_empty(&self) -> bool {
        self.variables.is_none()
            && self.dialog_variables.is_none()
            && self.provisionals.is_empty()
            && self.staged.is_empty()
            && self.sends.is_empty()
            && self.to_tag.is_none()
    }
}

impl std::fmt::Debug for Effects {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Effects")
            .field("variables", &self.variables.as_ref().map(|all| all.len()))
            .field("dialog_variables", &self.dialog_variables.as_ref().map(|all| all.len()))
            .field("provisionals", &self.provisionals.len())
            .field("staged", &self.staged.len())
            .field("sends", &self.sends.len())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn variables_are_bounded_in_number_and_size() {
        let mut all = Variables::default();
        for n in 0..MAX_VARIABLES {
            assert_eq!(all.set(&format!("v{n}"), Some(Bytes::from_static(b"x"))), Ok(()));
        }
        assert_eq!(all.set("one more", Some(Bytes::new())), Err(VariablesFull));
        assert_eq!(all.set("v0", Some(Bytes::from(vec![0; MAX_VARIABLE - 1]))), Err(VariablesFull));
        assert_eq!(all.get("v0"), Some(&Bytes::from_static(b"x")), "a refused change changes nothing");
        assert_eq!(all.set("v0", Some(Bytes::from(vec![0; MAX_VARIABLE - 2]))), Ok(()));
        assert_eq!(all.set("v1", None), Ok(()));
        assert_eq!(all.set("one more", Some(Bytes::new())), Ok(()));
        assert_eq!((all.len(), all.get("v1")), (MAX_VARIABLES, None));
    }
}
