//! Plugins that are not loaded: each with the sentence that says what is wrong.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on should panic")]

mod support;

use std::sync::Arc;

use plugin::Role;
use strowger_plugin as plugin;
use support::{Machine, area, ask, behaviours, engine, is_next, load, module, module_of_contract};

/// A module that exports these functions, each returning the address 0, and imports that one.
fn text(import: &str, exports: &[&str]) -> String {
    let exports: String =
        exports.iter().map(|name| format!("(export \"{name}\" (func $returns_zero))\n")).collect();
    format!(
        "(module {import} (memory (export \"memory\") 1)
           (func (export \"cabi_realloc\") (param i32 i32 i32 i32) (result i32) (i32.const 1024))
           (func $returns_zero (param i32 i32) (result i32) (i32.const 0)) {exports})"
    )
}

const INIT: &str = "strowger:sip/lifecycle@0.1.0#init";
const HANDLE: &str = "strowger:sip/on-request@0.1.0#handle";

fn refusal(bytes: &[u8], role: &Role) -> String {
    let engine = engine();
    let refused = engine.load(bytes, role, "", Arc::new(Machine::default())).unwrap_err();
    assert_eq!(engine.status().plugins, 0);
    assert_eq!(engine.status().guests, 0);
    refused.to_string()
}

#[test]
fn an_interface_that_the_role_does_not_grant() {
    let bytes = behaviours("b", "1");
    let role = Role::new("watcher").grant("strowger:host/random");
    assert_eq!(
        refusal(&bytes, &role),
        "the role `watcher` does not grant `strowger:location/registrar`, which the script imports"
    );
    let granted = role.grant("strowger:location/registrar");
    assert!(engine().load(&bytes, &granted, "", Arc::new(Machine::default())).is_ok());
}

#[test]
fn an_import_of_a_newer_function_of_a_known_interface() {
    let newer = |text: &mut String| {
        *text = text.replace(
            "  now: func() -> u64;",
            "  now: func() -> u64;\n  monotonic: func() -> u64;\n  since: func() -> u64;",
        );
    };
    let import = "(import \"strowger:host/clock@0.1.0\" \"now\" (func (result i64)))
                  (import \"strowger:host/clock@0.1.0\" \"since\" (func (result i64)))";
    let bytes = module_of_contract(
        &text(import, &[INIT, HANDLE]),
        newer,
        "package test:guest; world guest { include strowger:sip/base@0.1.0; include strowger:sip/hook-request@0.1.0; }",
    );
    assert_eq!(
        refusal(&bytes, &Role::edge()),
        "the script was built against a newer contract: it needs `since` of `strowger:host/clock@0.1.0`, which this \
         host does not have (it has version 0.1.0)"
    );
}

#[test]
fn an_import_of_a_contract_that_is_not_compatible() {
    let newer = |text: &mut String| *text = text.replace("@0.1.0", "@0.2.0");
    let import = "(import \"strowger:host/clock@0.2.0\" \"now\" (func (result i64)))";
    let exports = [INIT.replace("0.1", "0.2"), HANDLE.replace("0.1", "0.2")];
    let bytes = module_of_contract(
        &text(import, &[&exports[0], &exports[1]]),
        newer,
        "package test:guest; world guest { include strowger:sip/base@0.2.0; include strowger:sip/hook-request@0.2.0; }",
    );
    assert_eq!(
        refusal(&bytes, &Role::edge()),
        "the script was built against another contract: it needs `strowger:sip/types@0.2.0`, this host has \
         `strowger:sip/types` in version 0.1.0"
    );
}

#[test]
fn a_patch_release_apart_gets_on() {
    let newer = |text: &mut String| *text = text.replace("@0.1.0", "@0.1.9");
    let area =
        area::behaviours("b", "1").fill(include_str!("support/behaviours.wat")).replace("@0.1.0", "@0.1.9");
    let includes: String =
        support::WORLDS.iter().map(|world| format!("include strowger:sip/{world}@0.1.9; ")).collect();
    let bytes =
        module_of_contract(&area, newer, &format!("package test:guest; world guest {{ {includes} }}"));
    let engine = engine();
    assert!(is_next(&ask(&load(&engine, &bytes).unwrap(), 'x')));
}

#[test]
fn a_type_that_is_not_what_the_host_thinks() {
    let other = |text: &mut String| {
        *text =
            text.replace("enum level { debug, info, warning, error }", "enum level { debug, info, warning }");
    };
    let import = "(import \"strowger:host/log@0.1.0\" \"log\" (func (param i32 i32 i32)))";
    let bytes = module_of_contract(
        &text(import, &[INIT, HANDLE]),
        other,
        "package test:guest; world guest { include strowger:sip/base@0.1.0; include strowger:sip/hook-request@0.1.0; }",
    );
    let refused = refusal(&bytes, &Role::edge());
    assert!(refused.starts_with("the script and this host disagree about the contract: "), "{refused}");
    assert!(refused.contains("strowger:host/log") && refused.contains("expected enum"), "{refused}");
}

#[test]
fn a_hook_whose_type_is_not_what_the_host_thinks() {
    let other = |text: &mut String| *text = text.replace("    code: u16,", "    code: u32,");
    let bytes = module_of_contract(
        &text("", &[INIT, HANDLE]),
        other,
        "package test:guest; world guest { include strowger:sip/base@0.1.0; include strowger:sip/hook-request@0.1.0; }",
    );
    let refused = refusal(&bytes, &Role::edge());
    assert!(refused.starts_with("the script and this host disagree about the contract: "), "{refused}");
}

#[test]
fn an_import_that_nobody_knows() {
    let import = "(import \"test:guest/other\" \"f\" (func))";
    let bytes = module_of_contract(
        &text(import, &[INIT, HANDLE]),
        |_| {},
        "package test:guest; interface other { f: func(); }
         world guest { include strowger:sip/base@0.1.0; include strowger:sip/hook-request@0.1.0; import other; }",
    );
    assert_eq!(
        refusal(&bytes, &Role::edge()),
        "the script imports `test:guest/other`, which this host does not have"
    );
}

#[test]
fn no_lifecycle() {
    let bytes = module(&text("", &[HANDLE]), &["hook-request"]);
    assert_eq!(
        refusal(&bytes, &Role::edge()),
        "the script does not export `strowger:sip/lifecycle`, which every plugin must"
    );
}

#[test]
fn no_hook() {
    let bytes = module(&text("", &[INIT]), &["base"]);
    assert_eq!(
        refusal(&bytes, &Role::edge()),
        "the script exports no hook (on-request, on-in-dialog-request, on-reply, on-failure, on-timer, on-event, \
         on-answer, on-adopt)"
    );
}

#[test]
fn a_module_that_does_not_export_what_it_promises() {
    let bytes = module(&text("", &[INIT]), &["base", "hook-request"]);
    let refused = refusal(&bytes, &Role::edge());
    assert!(
        refused.starts_with("the file is not a valid plugin: ") && refused.contains("on-request"),
        "{refused}"
    );
}

#[test]
fn an_init_that_refuses_loops_or_traps() {
    let engine = engine();
    let load = |configuration: &str| {
        engine
            .load(&behaviours("b", "1"), &Role::edge(), configuration, Arc::new(Machine::default()))
            .unwrap_err()
    };
    assert_eq!(load("refuse").to_string(), "the script's init refuses: the option `realm` is missing");
    assert_eq!(load("loop").to_string(), "the script's init did not end within 100ms");
    assert_eq!(load("trap").to_string(), "the script's init trapped: panic");
    assert_eq!(
        load("name").to_string(),
        "the script's manifest is wrong: its name is 1 to 64 lower-case letters, digits and hyphens, not \"Not A Name\""
    );
    assert_eq!(
        load("dialog").to_string(),
        "the script's manifest is wrong: it wants in-dialog requests, but exports no on-in-dialog-request"
    );
    assert_eq!((engine.status().plugins, engine.status().guests), (0, 0));
}

#[test]
fn a_memory_larger_than_a_guest_may_have() {
    let text = text("", &[INIT, HANDLE]).replace("\"memory\") 1)", "\"memory\") 1000)");
    let refused = refusal(&module(&text, &["base", "hook-request"]), &Role::edge());
    assert!(
        refused.starts_with("the component does not compile, or wants more than a guest may have: "),
        "{refused}"
    );
}

#[test]
fn looking_at_a_plugin_runs_nothing() {
    let engine = engine();
    let checked = engine.check(&behaviours("b", "1"), &Role::edge()).unwrap();
    assert!(checked.hooks.request && checked.hooks.timer && !checked.hooks.event);
    assert!(
        checked.imports.contains(&"strowger:location/registrar@0.1.0".to_owned()),
        "{:?}",
        checked.imports
    );
    assert_eq!(engine.status().compiled, 0);
}

/// Nobody but who needs them has the HSS and its users' profiles.
#[test]
fn the_hss_is_for_those_who_ask_it() {
    let imports = [
        ("strowger:cx/query", "location-info", "i32 i32 i32 i32 i32 i32"),
        ("strowger:cx/authentication", "challenge", "i32 i32 i32 i32 i32 i32 i32 i32"),
        ("strowger:cx/assignment", "assign", "i32 i32 i32 i32 i32 i32"),
        ("strowger:ims/subscribers", "find", "i32 i32 i32"),
        ("strowger:ims/filter-criteria", "of-register", "i32 i32 i32 i32"),
        ("strowger:ims/reg-event", "subscribe", "i32 i32 i32 i32 i32 i32"),
        ("strowger:sip/client", "send", "i32 i32"),
    ];
    let granted = |role: &str| -> Vec<&str> {
        let role = Role::named(role);
        let may = |(interface, function, params): &(&'static str, &str, &str)| {
            let import = format!("(import \"{interface}@0.1.0\" \"{function}\" (func (param {params})))");
            let worlds = ["base", "hook-request", "with-cx", "with-ims", "with-client"];
            let bytes = module(&text(&import, &[INIT, HANDLE]), &worlds);
            let Err(refused) = engine().check(&bytes, &role) else { return true };
            let sentence = refused.to_string();
            let of = format!("the role `{}` does not grant `strowger:", role.name());
            assert!(sentence.starts_with(&of), "{sentence}");
            false
        };
        imports.iter().filter(|import| may(import)).map(|(interface, ..)| *interface).collect()
    };
    assert_eq!(granted("edge"), ["strowger:sip/client"]);
    assert_eq!(granted("pcscf"), ["strowger:sip/client"]);
    assert_eq!(granted("icscf"), ["strowger:cx/query", "strowger:sip/client"]);
    assert_eq!(
        granted("scscf"),
        [
            "strowger:cx/authentication",
            "strowger:cx/assignment",
            "strowger:ims/subscribers",
            "strowger:ims/filter-criteria",
            "strowger:ims/reg-event",
            "strowger:sip/client"
        ]
    );
    assert!(granted("watcher").is_empty());
}
