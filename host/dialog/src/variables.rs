//! What scripts keep in a dialog: a few named byte strings (the contract's `set-dialog-variable`).
//!
//! In: names and values from a script. Out: the same, within bounds. An empty table costs its owner one null
//! pointer; lookup is linear, for there are few.

/// Most variables of one dialog.
pub const MAX_VARIABLES: usize = 32;

/// Longest value, in bytes.
pub const MAX_VALUE: usize = 4096;

/// Longest name, in bytes.
pub const MAX_NAME: usize = 64;

/// Why a variable was not set; nothing changed then.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum VariableError {
    /// There are [`MAX_VARIABLES`] others.
    #[error("a dialog has at most {MAX_VARIABLES} variables")]
    TooMany,
    /// The value has more than [`MAX_VALUE`] bytes.
    #[error("a dialog variable has at most {MAX_VALUE} bytes")]
    ValueTooLong,
    /// The name is empty or has more than [`MAX_NAME`] bytes.
    #[error("a dialog variable's name has 1 to {MAX_NAME} bytes")]
    Name,
    /// The dialog is over.
    #[error("the dialog is over")]
    NoDialog,
}

/// A bounded set of named values.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Variables(Vec<(Box<str>, Box<[u8]>)>);

impl std::fmt::Debug for Variables {
    /// Names only: values may be about people.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_set().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Variables {
    /// The value of `name`.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| **known == *name).map(|(_, value)| &**value)
    }

    /// Set `name`, or remove it with `None`.
    ///
    /// # Errors
    /// When a bound would be broken; removing what is not there is no error.
    pub fn set(&mut self, name: &str, value: Option<&[u8]>) -> Result<(), VariableError> {
        let place = self.0.iter().position(|(known, _)| **known == *name);
        match (place, value) {
            (_, Some(value)) if value.len() > MAX_VALUE => return Err(VariableError::ValueTooLong),
            (Some(place), Some(value)) => self.0[place].1 = value.into(),
            (Some(place), None) => drop(self.0.swap_remove(place)),
            (None, Some(_)) if name.is_empty() || name.len() > MAX_NAME => return Err(VariableError::Name),
            (None, Some(_)) if self.0.len() >= MAX_VARIABLES => return Err(VariableError::TooMany),
            (None, Some(value)) => {
                self.0.reserve_exact(1);
                self.0.push((name.into(), value.into()));
            }
            (None, None) => {}
        }
        Ok(())
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// There are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// All of them, in no particular order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &[u8])> {
        self.0.iter().map(|(name, value)| (&**name, &**value))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn set_read_replace_remove() {
        let mut variables = Variables::default();
        variables.set("served-user", Some(b"sip:a@example.com")).unwrap();
        assert_eq!(variables.value("served-user"), Some(&b"sip:a@example.com"[..]));
        variables.set("served-user", Some(b"")).unwrap();
        assert_eq!(variables.value("served-user"), Some(&b""[..]));
        variables.set("served-user", None).unwrap();
        assert_eq!(variables.value("served-user"), None);
        variables.set("served-user", None).unwrap();
        assert!(variables.is_empty());
    }

    #[test]
    fn every_bound_holds_and_leaves_things_as_they_were() {
        let mut variables = Variables::default();
        for number in 0..MAX_VARIABLES {
            variables.set(&number.to_string(), Some(&[0; MAX_VALUE])).unwrap();
        }
        assert_eq!(variables.set("one more", Some(b"")), Err(VariableError::TooMany));
        assert_eq!(variables.set("0", Some(&[0; MAX_VALUE + 1])), Err(VariableError::ValueTooLong));
        assert_eq!(variables.value("0").map(<[u8]>::len), Some(MAX_VALUE));
        variables.set("0", None).unwrap();
        assert_eq!(variables.set("", Some(b"")), Err(VariableError::Name));
        assert_eq!(variables.set(&"n".repeat(MAX_NAME + 1), Some(b"")), Err(VariableError::Name));
        variables.set(&"n".repeat(MAX_NAME), Some(b"")).unwrap();
        assert_eq!(variables.len(), MAX_VARIABLES);
    }

    #[test]
    fn debug_output_shows_no_value() {
        let mut variables = Variables::default();
        variables.set("key", Some(b"secret")).unwrap();
        assert_eq!(format!("{variables:?}"), "{\"key\"}");
    }
}
