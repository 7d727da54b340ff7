//! TS 33.102 §6.3: authentication and key agreement between a home environment and an ISIM, ladder by ladder.

use strowger_ims::aka::{
    AuthenticationVector, Autn, Isim, Milenage, Refusal, Secret, SequenceChecker, SequenceGenerator, Sqn,
    opc, resynchronise,
};

const AMF: [u8; 2] = [0x80, 0];

fn milenage() -> Milenage {
    let k = Secret::from_hex("465b5ce8b199b49faa5f0a2ee238a6bc").unwrap();
    let op = Secret::from_hex("cdc202d5123e20f62b6d676ac72cb318").unwrap();
    Milenage::new(&k, &opc(&k, &op))
}

fn isim() -> Isim {
    Isim::new(milenage(), SequenceChecker::default())
}

fn vector(number: u8, sqn: Sqn) -> AuthenticationVector {
    AuthenticationVector::generate(&milenage(), [number; 16], sqn, AMF)
}

/// §6.3.2: AUTN of TS 35.208 set 1, put together by hand.
#[test]
fn the_network_token_is_concealed_sqn_amf_and_mac() {
    let rand = *Secret::<16>::from_hex("23553cbe9637a89d218ae64dae47bf35").unwrap().expose();
    let sqn = Sqn::from_bytes([0xff, 0x9b, 0xb4, 0xd0, 0xb6, 0x07]);
    let vector = AuthenticationVector::generate(&milenage(), rand, sqn, [0xb9, 0xb9]);
    // ff9bb4d0b607 xor aa689c648370, b9b9, 4a9ffac354dfafb3
    assert_eq!(vector.autn, *Secret::<16>::from_hex("55f328b43577b9b94a9ffac354dfafb3").unwrap().expose());
    assert_eq!(vector.xres.expose_hex(), "a54211d5e3ba50bf");
}

/// §6.3.3.
#[test]
fn both_sides_come_to_the_same_keys_and_a_vector_serves_once() {
    let (mut home, mut isim) = (SequenceGenerator::default(), isim());
    for number in 0..100 {
        let vector = vector(number, home.next_sqn().unwrap());
        let answer = isim.authenticate(&vector.rand, &vector.autn).unwrap();
        assert_eq!((&answer.res, &answer.ck, &answer.ik), (&vector.xres, &vector.ck, &vector.ik));
        assert!(matches!(isim.authenticate(&vector.rand, &vector.autn), Err(Refusal::Synchronisation(_))));
    }
    assert_eq!(isim.checker().sqn_ms(), home.last());
}

/// §6.3.3: whatever bit of it changes, it does not come from the network.
#[test]
fn a_token_that_was_changed_is_refused_and_nothing_is_remembered() {
    let vector = vector(1, Sqn::new(1 << 20).unwrap());
    let mut isim = isim();
    for bit in 0..128 {
        let mut autn: Autn = vector.autn;
        autn[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(isim.authenticate(&vector.rand, &autn), Err(Refusal::Network), "bit {bit}");
    }
    let mut rand = vector.rand;
    rand[0] ^= 1;
    assert_eq!(isim.authenticate(&rand, &vector.autn), Err(Refusal::Network));
    let other_key = Secret::new([1; 16]);
    let mut other = Isim::new(Milenage::new(&other_key, &Secret::new([2; 16])), SequenceChecker::default());
    assert_eq!(other.authenticate(&vector.rand, &vector.autn), Err(Refusal::Network));
    assert!(isim.authenticate(&vector.rand, &vector.autn).is_ok());
}

/// §6.3.5: the home environment lost its counter.
#[test]
fn a_home_that_is_behind_catches_up() {
    let mut home = SequenceGenerator::after(Sqn::new(5000 << 5).unwrap());
    let mut isim = isim();
    let first = vector(1, home.next_sqn().unwrap());
    assert!(isim.authenticate(&first.rand, &first.autn).is_ok());

    let mut home = SequenceGenerator::after(first_index_of(&home));
    let stale = vector(2, home.next_sqn().unwrap());
    let Err(Refusal::Synchronisation(auts)) = isim.authenticate(&stale.rand, &stale.autn) else {
        panic!("a number that was passed is not fresh")
    };
    let sqn_ms = resynchronise(&milenage(), &stale.rand, &auts).unwrap();
    assert_eq!(sqn_ms, isim.checker().sqn_ms());
    assert!(home.resynchronise(sqn_ms));

    let fresh = vector(3, home.next_sqn().unwrap());
    assert!(isim.authenticate(&fresh.rand, &fresh.autn).is_ok());
    // The same AUTS again changes nothing.
    assert!(!home.resynchronise(sqn_ms));
}

/// A counter far behind that comes to the same index.
fn first_index_of(home: &SequenceGenerator) -> Sqn {
    let (_, ind) = home.last().parts();
    Sqn::new((1 << 5) | ((ind as u64 + 31) % 32)).unwrap()
}

/// §6.3.5 step 4.
#[test]
fn an_auts_that_was_changed_or_belongs_to_another_challenge_is_refused() {
    let mut isim = isim();
    let stale = vector(1, Sqn::default());
    let Err(Refusal::Synchronisation(auts)) = isim.authenticate(&stale.rand, &stale.autn) else {
        panic!("zero is not fresh")
    };
    assert_eq!(resynchronise(&milenage(), &stale.rand, &auts), Ok(Sqn::default()));
    for bit in 0..112 {
        let mut changed = auts;
        changed[bit / 8] ^= 1 << (bit % 8);
        assert!(resynchronise(&milenage(), &stale.rand, &changed).is_err(), "bit {bit}");
    }
    assert!(resynchronise(&milenage(), &[9; 16], &auts).is_err());
}

#[test]
fn keys_do_not_show_themselves() {
    let vector = vector(1, Sqn::new(1).unwrap());
    let shown = format!("{vector:?} {:?} {:?}", milenage(), isim());
    for secret in
        [vector.xres.expose_hex(), vector.ck.expose_hex(), vector.ik.expose_hex(), "465b".to_owned()]
    {
        assert!(!shown.contains(&secret), "{shown}");
    }
    assert!(shown.contains("redacted"));
}
