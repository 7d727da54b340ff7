//! Scripts' tables: revisions, lifetimes, bounds, restarts.

use strowger_storage::{KeyValue, MAX_KEY, MAX_VALUE, Options, PutRefusal, Store};

use crate::registrar::NOW;
use crate::restart::open;

fn value(table: &KeyValue, space: &str, key: &str, now_ms: u64) -> Option<(Vec<u8>, u64)> {
    table.get(space, key, now_ms).map(|entry| (entry.value.to_vec(), entry.revision))
}

#[test]
fn revisions_count_changes_and_guard_them() {
    let store = Store::in_memory(&Options::default());
    let table = store.key_value();
    assert_eq!(table.put("a", "k", b"1", 0, Some(1), NOW), Err(PutRefusal::Conflict(0)));
    assert_eq!(table.put("a", "k", b"1", 0, Some(0), NOW), Ok(1));
    assert_eq!(table.put("a", "k", b"2", 0, Some(0), NOW), Err(PutRefusal::Conflict(1)));
    assert_eq!(table.put("a", "k", b"2", 0, Some(1), NOW), Ok(2));
    assert_eq!(table.put("a", "k", b"3", 0, None, NOW), Ok(3));
    assert_eq!(value(table, "a", "k", NOW), Some((b"3".to_vec(), 3)));
    assert_eq!(value(table, "b", "k", NOW), None, "another role's");
    assert!(table.delete("a", "k", NOW));
    assert!(!table.delete("a", "k", NOW));
    assert_eq!(table.put("a", "k", b"4", 0, Some(0), NOW), Ok(1));
}

#[test]
fn lifetimes_end() {
    let store = Store::in_memory(&Options::default());
    let table = store.key_value();
    table.put("a", "short", b"1", 100, None, NOW).expect("put");
    table.put("a", "long", b"1", 1000, None, NOW).expect("put");
    table.put("a", "ever", b"1", 0, None, NOW).expect("put");
    assert!(table.get("a", "short", NOW + 99).is_some());
    assert!(table.get("a", "short", NOW + 100).is_none());
    assert_eq!(table.put("a", "short", b"2", 100, Some(0), NOW + 100), Ok(1), "as if it had never been");
    assert_eq!(table.expire(NOW + 199), 0);
    assert_eq!(table.expire(NOW + 200), 1);
    assert_eq!(table.len("a"), 2);
    assert!(!table.delete("a", "long", NOW + 1000), "it had ended");
    assert_eq!(table.expire(u64::MAX), 0);
    assert_eq!(table.len("a"), 1);
}

#[test]
fn bounds() {
    let store = Store::in_memory(&Options::default());
    let table = store.key_value();
    let (key, large) = ("k".repeat(MAX_KEY), vec![0; MAX_VALUE]);
    assert_eq!(table.put("a", &key, &large, 0, None, NOW), Ok(1));
    assert_eq!(table.put("a", &format!("{key}k"), b"", 0, None, NOW), Err(PutRefusal::TooLarge));
    assert_eq!(table.put("a", "k", &vec![0; MAX_VALUE + 1], 0, None, NOW), Err(PutRefusal::TooLarge));
    let mut count = 1;
    while table.put("a", &format!("{count}"), &large, 0, None, NOW).is_ok() {
        count += 1;
    }
    assert!((4000..4096).contains(&count), "{count} values in 256 MB");
    assert_eq!(table.put("b", "k", &large, 0, None, NOW), Ok(1), "another role has its own room");
    assert!(table.delete("a", &key, NOW));
    assert_eq!(table.put("a", "k", &large, 0, None, NOW), Ok(1));
}

#[test]
fn they_survive() {
    let folder = tempfile::tempdir().expect("a folder");
    let registrar = open(folder.path());
    let table = registrar.store.key_value();
    for n in 0..1000 {
        table.put("a", &format!("{}", n % 100), &[n as u8], 0, None, NOW).expect("put");
    }
    table.put("a", "ends", b"1", 1000, None, NOW).expect("put");
    table.put("b", "other", "ä\0".as_bytes(), 0, None, NOW).expect("put");
    table.delete("a", "7", NOW);
    drop(registrar);
    let registrar = open(folder.path());
    let table = registrar.store.key_value();
    assert_eq!(table.len("a"), 100);
    assert_eq!(value(table, "a", "8", NOW), Some((vec![908u32 as u8], 10)));
    assert_eq!(value(table, "a", "7", NOW), None);
    assert_eq!(value(table, "b", "other", NOW), Some(("ä\0".as_bytes().to_vec(), 1)));
    assert!(table.get("a", "ends", NOW + 999).is_some());
    assert_eq!(table.expire(NOW + 1000), 1);
    drop(registrar);
    assert_eq!(open(folder.path()).store.key_value().len("a"), 99);
}
