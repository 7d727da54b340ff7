//! From the bytes of a file to a component.
//!
//! In: a core module with a component-type section (what `cargo build --target wasm32-unknown-unknown` makes of a
//! script), or a component. Out: a component. The first is encoded in process, the second passes as it is. Whether
//! its imports may be had is for `check.rs`; whether its code is valid is for the compiler.

use std::borrow::Cow;

use wasmparser::{Parser, Payload};
use wit_component::ComponentEncoder;

use crate::error::LoadError;
use crate::limits::MAX_FILE;

/// How both begin; then four bytes of version and layer.
const MAGIC: &[u8] = b"\0asm";
const MODULE: [u8; 4] = [1, 0, 0, 0];
const COMPONENT: [u8; 4] = [13, 0, 1, 0];

/// The sections that say which contract a module follows are named so, with a suffix.
const CONTRACT_SECTION: &str = "component-type";
/// How the module names of WASI preview 1 and its predecessor begin.
const WASI_PREFIX: &str = "wasi_";

/// The component in these bytes.
///
/// # Errors
/// [`LoadError`] where they are neither, or a module that follows no contract or WASI's.
pub(crate) fn component(bytes: &[u8]) -> Result<Cow<'_, [u8]>, LoadError> {
    if bytes.len() > MAX_FILE {
        return Err(LoadError::TooLarge { bytes: bytes.len(), most: MAX_FILE });
    }
    let layer = bytes.strip_prefix(MAGIC).and_then(|rest| rest.first_chunk::<4>());
    match layer {
        Some(&COMPONENT) => Ok(Cow::Borrowed(bytes)),
        Some(&MODULE) => {
            inspect_module(bytes)?;
            encode(bytes).map(Cow::Owned)
        }
        _ => Err(LoadError::NotWasm),
    }
}

/// Looks for what makes encoding fail with words that help nobody.
fn inspect_module(bytes: &[u8]) -> Result<(), LoadError> {
    let mut has_contract = false;
    for payload in Parser::new(0).parse_all(bytes) {
        match payload.map_err(malformed)? {
            Payload::ImportSection(imports) => {
                for import in imports.into_imports() {
                    let import = import.map_err(malformed)?;
                    if import.module.starts_with(WASI_PREFIX) {
                        let (module, name) = (import.module.to_owned(), import.name.to_owned());
                        return Err(LoadError::Wasi { module, name });
                    }
                }
            }
            Payload::CustomSection(section) if section.name().starts_with(CONTRACT_SECTION) => {
                has_contract = true
            }
            _ => {}
        }
    }
    if has_contract { Ok(()) } else { Err(LoadError::NoContract) }
}

/// wasmtime validates all of it again, so the encoder need not.
fn encode(bytes: &[u8]) -> Result<Vec<u8>, LoadError> {
    ComponentEncoder::default()
        .validate(false)
        .module(bytes)
        .and_then(|encoder| encoder.encode())
        .map_err(|error| LoadError::Malformed { reason: format!("{error:#}") })
}

fn malformed(error: wasmparser::BinaryReaderError) -> LoadError {
    LoadError::Malformed { reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_webassembly_is_refused() {
        for bytes in [&b""[..], b"\0asm", b"\0asm\x02\0\0\0", b"#!/bin/sh", b"(module)"] {
            assert!(matches!(component(bytes), Err(LoadError::NotWasm)), "{bytes:?}");
        }
    }

    #[test]
    fn a_module_without_a_contract_is_refused() {
        let module = wat::parse_str("(module (func (export \"f\")))").unwrap();
        assert!(matches!(component(&module), Err(LoadError::NoContract)));
        assert!(matches!(component(&module[..module.len() - 2]), Err(LoadError::Malformed { .. })));
    }

    #[test]
    fn a_wasi_module_is_refused_by_name() {
        let text = r#"(module (import "wasi_snapshot_preview1" "fd_write" (func (param i32 i32 i32 i32) (result i32))))"#;
        let error = component(&wat::parse_str(text).unwrap()).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the module imports `fd_write` of `wasi_snapshot_preview1`, and there is no WASI here: build it for \
             wasm32-unknown-unknown"
        );
    }

    #[test]
    fn a_component_passes_as_it_is() {
        let component_bytes = wat::parse_str("(component)").unwrap();
        assert!(matches!(component(&component_bytes), Ok(Cow::Borrowed(_))));
    }
}
