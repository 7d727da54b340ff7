//! Media without sockets: packets of RTP, what is counted of those that come, a tone to send.

pub mod rtp;
pub mod tone;
