//! Bindings that end by themselves (RFC 3261 §10.3: they are gone when their time is).

use strowger_storage::Ended;

use crate::registrar::{AOR, Registrar, register};

fn expire(registrar: &Registrar, max: usize) -> (Vec<String>, bool) {
    let mut ended: Vec<Ended> = Vec::new();
    let more = registrar.registrations().expire(registrar.now_ms, max, &mut ended);
    (ended.into_iter().map(|e| format!("{} {}", e.address_of_record, e.contact)).collect(), more)
}

#[test]
fn each_ends_in_its_second_and_is_told_once() {
    let mut registrar = Registrar::new();
    let lines = ["Contact: <sip:1@a>;expires=60, <sip:2@a>;expires=120"];
    registrar.register(&register("a", 1, &lines)).expect("granted");
    registrar.now_ms += 59_999;
    assert_eq!(expire(&registrar, 10), (vec![], false));
    assert_eq!(registrar.uris().len(), 2);
    registrar.now_ms += 1;
    assert_eq!(registrar.uris(), ["sip:2@a"], "it is no target even before it is looked at");
    assert_eq!(registrar.registrations().count(), 2);
    assert_eq!(expire(&registrar, 10).0, [format!("{AOR} sip:1@a")]);
    assert_eq!(expire(&registrar, 10).0, Vec::<String>::new());
    assert_eq!(registrar.registrations().count(), 1);
    registrar.now_ms += 60_000;
    assert_eq!(expire(&registrar, 10).0, [format!("{AOR} sip:2@a")]);
    assert_eq!(registrar.registrations().count(), 0);
}

#[test]
fn a_binding_that_was_refreshed_ends_later_one_that_was_shortened_sooner() {
    let mut registrar = Registrar::new();
    let bind = |registrar: &Registrar, cseq, seconds| {
        let line = format!("Contact: <sip:1@a>;expires={seconds}");
        registrar.register(&register("a", cseq, &[&line])).expect("granted");
    };
    bind(&registrar, 1, 100);
    registrar.now_ms += 50_000;
    bind(&registrar, 2, 100);
    registrar.now_ms += 50_000;
    assert!(expire(&registrar, 10).0.is_empty());
    bind(&registrar, 3, 60);
    bind(&registrar, 4, 7000);
    bind(&registrar, 5, 60);
    registrar.now_ms += 59_000;
    assert!(expire(&registrar, 10).0.is_empty());
    registrar.now_ms += 1000;
    assert_eq!(expire(&registrar, 10).0.len(), 1);
    registrar.now_ms += 10_000_000;
    assert!(expire(&registrar, 10).0.is_empty());
}

#[test]
fn many_that_end_together_end_in_slices() {
    let mut registrar = Registrar::new();
    for n in 0..1000 {
        let aor = format!("sip:u{n}@biloxi.com");
        let message = register("a", 1, &["Contact: <sip:1@a>;expires=60"]);
        let all = registrar.registrations();
        let (_, change) = all
            .register(message.head(), &aor, &registrar.limits, registrar.flow, registrar.now_ms)
            .expect("granted");
        all.commit(change.expect("a change"), Box::new(|outcome| assert_eq!(outcome, Ok(()))));
    }
    registrar.now_ms += 60_000;
    let mut told = 0;
    for round in 1.. {
        let (ended, more) = expire(&registrar, 300);
        assert!(ended.len() <= 300);
        told += ended.len();
        if !more {
            assert_eq!(round, 4);
            break;
        }
    }
    assert_eq!((told, registrar.registrations().count()), (1000, 0));
}

#[test]
fn coming_and_going_leaves_nothing_behind() {
    let mut registrar = Registrar::new();
    for cseq in 1..200_000 {
        let line = if cseq % 2 == 0 { "Contact: <sip:1@a>;expires=0" } else { "Contact: <sip:1@a>" };
        registrar.register(&register("a", cseq, &[line])).expect("granted");
        if cseq % 1000 == 0 {
            registrar.now_ms += 1000;
            assert!(expire(&registrar, 1000).0.is_empty());
        }
    }
    assert_eq!(registrar.uris().len(), 1);
    registrar.now_ms += 7_200_000;
    assert_eq!(expire(&registrar, 1_000_000).0.len(), 1);
    assert_eq!(registrar.registrations().count(), 0);
}
