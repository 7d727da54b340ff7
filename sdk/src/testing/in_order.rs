//! Answers that a test wrote down, one after the other.
//!
//! In: answers, and the one where none was written down. Out: the first at the first question, the second at the second,
//! and the last one from then on.

use std::cell::RefCell;
use std::collections::VecDeque;

/// See the top of this file.
#[derive(Debug)]
pub(super) struct InOrder<T> {
    answers: RefCell<VecDeque<T>>,
    otherwise: T,
}

impl<T: Clone> InOrder<T> {
    /// None is written down yet.
    pub(super) fn or(otherwise: T) -> Self {
        Self { answers: RefCell::default(), otherwise }
    }

    /// Another one, behind the others.
    pub(super) fn push(&mut self, answer: T) {
        self.answers.get_mut().push_back(answer);
    }

    /// The answer to the next question.
    pub(super) fn next(&self) -> T {
        let mut answers = self.answers.borrow_mut();
        match answers.len() {
            0 | 1 => answers.front().unwrap_or(&self.otherwise).clone(),
            _ => answers.pop_front().unwrap_or_else(|| self.otherwise.clone()),
        }
    }
}
