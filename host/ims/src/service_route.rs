//! `Service-Route` (RFC 3608 §5; TS 24.229 §5.4.1.2.2F and §5.2.6.3.2A): the route that a user's requests must take.
//!
//! In: the values of a 200 to REGISTER, or the Routes of a request. Out: [`ServiceRoute`], and whether a request
//! follows it. Not here: what happens to one that does not (a script's decision: 400, or the right route in its place).

use std::fmt;

use sip::{HeaderError, HeaderId, NameAddr};

use crate::Address;
use crate::parameter::{self, Parameter};

const HEADER: HeaderId = HeaderId::SERVICE_ROUTE;

/// A route, next hop first.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ServiceRoute {
    hops: Vec<(Address, Vec<Parameter>)>,
}

impl ServiceRoute {
    /// A route of these hops.
    #[must_use]
    pub fn new(hops: impl IntoIterator<Item = Address>) -> ServiceRoute {
        ServiceRoute { hops: hops.into_iter().map(|hop| (hop, Vec::new())).collect() }
    }

    /// Reads every element of every value.
    ///
    /// # Errors
    /// An element that is no address, or too many elements.
    pub fn parse_all<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Result<ServiceRoute, HeaderError> {
        let hops = parameter::each(HEADER, values, |element| Address::parse(HEADER, element))?;
        Ok(ServiceRoute { hops })
    }

    /// The hops, next one first.
    pub fn hops(&self) -> impl Iterator<Item = &Address> {
        self.hops.iter().map(|(address, _)| address)
    }

    /// Whether there is no hop: the user may take any route.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.hops.is_empty()
    }

    /// Whether the Routes of a request, those to the P-CSCF itself taken off, are this route: the same hops in the same
    /// order, and none beside them (TS 24.229 §5.2.6.3.2A). URIs are compared as RFC 3261 §19.1.4 has it.
    #[must_use]
    pub fn is_followed_by<'a>(&self, routes: impl IntoIterator<Item = NameAddr<'a>>) -> bool {
        let mut routes = routes.into_iter();
        let all_there = self.hops().all(|hop| {
            let (Some(route), Ok(hop)) = (routes.next(), hop.uri()) else { return false };
            route.uri().is_ok_and(|route| route.equivalent(&hop))
        });
        all_there && routes.next().is_none()
    }
}

/// As it stands in a message, in one header field.
impl fmt::Display for ServiceRoute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (address, others)) in self.hops.iter().enumerate() {
            if index > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{address}")?;
            parameter::write_all(others, f)?;
        }
        Ok(())
    }
}
