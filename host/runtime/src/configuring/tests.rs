use super::*;

const BASE: &str = "[node]\nrole = \"edge\"\n[[listen]]\ntransport = \"udp\"\naddress = \"127.0.0.1:5060\"\n";

fn described(plugin: &str, keys: &[(&str, &str)]) -> Described {
    let config = toml::from_str(&format!("{BASE}[plugin]\nfile = \"e.wasm\"\n{plugin}")).unwrap();
    Described { config, keys: keys.iter().map(|(key, value)| ((*key).into(), (*value).into())).collect() }
}

#[test]
fn what_is_other_says_whether_a_running_host_takes_it() {
    let running = described("", &[("timers.t1_ms", "500"), ("node.shards", "1"), ("plugin.file", "e.wasm")]);
    let file = described("", &[("timers.t1_ms", "400"), ("node.shards", "2"), ("plugin.file", "e.wasm")]);
    let told: Vec<_> = differences(&running, &file).into_iter().map(|one| (one.key, one.live)).collect();
    assert_eq!(told, [("node.shards".to_owned(), false), ("timers.t1_ms".to_owned(), true)]);
    assert!(differences(&running, &running).is_empty());
}

#[test]
fn a_key_that_comes_or_goes_is_other_too_and_a_secret_is_not_shown() {
    let running = described("", &[("admin.token", "one")]);
    let file = described("", &[("admin.token", "two"), ("plugin.configuration", "a = 1")]);
    let told = differences(&running, &file);
    assert_eq!((told[0].running.as_deref(), told[0].file.as_deref()), (Some("…"), Some("…")));
    assert_eq!((told[1].running.as_deref(), told[1].file.as_deref()), (None, Some("a = 1")));
    assert!(told[1].live && !told[0].live);
}

/// Whether there are shared sets at all is said to the HSS when connections open.
#[test]
fn filter_criteria_change_live_only_where_there_were_some() {
    let none = described("", &[]);
    let some =
        |file: &str| described(&format!("[cx]\nshared_ifc = \"{file}\"\n"), &[("cx.shared_ifc", file)]);
    assert!(!differences(&none, &some("a"))[0].live);
    assert!(differences(&some("a"), &some("b"))[0].live);
}
