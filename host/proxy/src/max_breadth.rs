//! Max-Breadth, the bound on how wide a request is forked on its whole way: RFC 5393 §5.
//!
//! In: the request's Max-Breadth header field. Out: what each branch may spend. The response context starts no more
//! branches in parallel than there is breadth, so that 440 is needed only where nothing is left at all.

use sip::Head;

/// What a request without a Max-Breadth gets (RFC 5393 §5.3.1).
pub const DEFAULT_MAX_BREADTH: u16 = 60;

/// The share of the `nth` of `branches` parallel branches, `nth` from 0. The shares are as equal as can be, sum up
/// to `total`, and each is at least 1 if `branches` is not greater than `total` (RFC 5393 §5.3.3).
#[must_use]
pub fn share(total: u16, branches: u16, nth: u16) -> u16 {
    if branches <= 1 {
        return total;
    }
    total / branches + u16::from(nth < total % branches)
}

/// The breadth that a request brings: [`DEFAULT_MAX_BREADTH`] where it says nothing. A value that is too great for
/// us counts as the greatest one.
///
/// # Errors
/// [`MaxBreadthError`], with the status to answer.
pub fn incoming(head: &Head<'_>) -> Result<u16, MaxBreadthError> {
    match head.max_breadth() {
        Ok(None) => Ok(DEFAULT_MAX_BREADTH),
        Ok(Some(0)) => Err(MaxBreadthError::Exceeded),
        Ok(Some(breadth)) => Ok(u16::try_from(breadth).unwrap_or(u16::MAX)),
        Err(_) => Err(MaxBreadthError::Malformed),
    }
}

/// Why a request's Max-Breadth forbids to forward it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MaxBreadthError {
    /// It is used up.
    #[error("Max-Breadth is used up")]
    Exceeded,
    /// It is not a number.
    #[error("Max-Breadth is not a number")]
    Malformed,
}

impl MaxBreadthError {
    /// The status to answer: 440 (Max-Breadth Exceeded) or 400.
    #[must_use]
    pub fn status(self) -> u16 {
        match self {
            Self::Exceeded => 440,
            Self::Malformed => 400,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_branch_keeps_all() {
        assert_eq!(share(60, 1, 0), 60);
        assert_eq!(share(1, 1, 0), 1);
    }

    #[test]
    fn shares_sum_up_to_the_total_and_none_is_empty() {
        for total in 1..=70_u16 {
            for branches in 1..=total {
                let shares: Vec<u16> = (0..branches).map(|nth| share(total, branches, nth)).collect();
                assert_eq!(shares.iter().sum::<u16>(), total, "{total} over {branches}");
                assert!(shares.iter().all(|share| *share >= 1));
            }
        }
    }
}
