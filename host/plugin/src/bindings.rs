//! The host's side of `wit/`, generated: one Rust type per WIT type, one `Host` trait per imported interface, one
//! typed caller per exported one.
//!
//! In: `wit/` at build time. Out: types for `convert.rs`, traits for `imports.rs`, callers for `guest.rs`, and the
//! contract itself ([`COMPONENT_TYPE`]) for `check.rs`. Nothing is written by hand here.
#![allow(
    missing_docs,
    unreachable_pub,
    unused_qualifications,
    dead_code,
    reason = "generated; documented in wit/ itself"
)]
#![allow(unsafe_code, reason = "the derived canonical-ABI code of wasmtime implements unsafe marker traits")]
#![allow(clippy::all, reason = "generated")]

wasmtime::component::bindgen!({
    path: "../../wit",
    world: "plugin",
    imports: {
        "strowger:cx/query.user-authorization": async | trappable,
        "strowger:cx/query.location-info": async | trappable,
        "strowger:cx/authentication.challenge": async | trappable,
        "strowger:cx/assignment.assign": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    include_component_type: true,
});
