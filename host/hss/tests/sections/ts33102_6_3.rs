//! TS 33.102 §6.3: vectors and resynchronisation, against the ISIM's side; no sequence number twice, however many ask.

use std::collections::BTreeSet;
use std::sync::Arc;

use diameter::cx::*;
use diameter::{Command, Dictionary, Outcome, Reading, ResultCode};
use ims::aka::{Isim, Milenage, Refusal, Secret, SequenceChecker, Sqn};
use strowger_hss::{Secrets, SqnText};

use crate::requests::*;
use crate::subscribers::*;
use crate::world::{World, sent, settings, world, world_with};

const AKA: &str = "Digest-AKAv1-MD5";

fn milenage() -> Milenage {
    Milenage::new(&Secret::from_hex(K).unwrap(), &Secret::from_hex(OPC).unwrap())
}

fn isim() -> Isim {
    Isim::new(milenage(), SequenceChecker::default())
}

fn rand_and_autn(item: &SipAuthDataItem) -> ([u8; 16], [u8; 16]) {
    let bytes = item.sip_authenticate.as_deref().unwrap();
    (bytes[..16].try_into().unwrap(), bytes[16..].try_into().unwrap())
}

/// The number that the vector has, which only the keys show.
pub(crate) fn number(item: &SipAuthDataItem) -> Sqn {
    let (rand, autn) = rand_and_autn(item);
    let key = milenage().f5(&rand);
    let mut bytes = [0; 6];
    for (at, byte) in bytes.iter_mut().enumerate() {
        *byte = autn[at] ^ key.expose()[at];
    }
    Sqn::from_bytes(bytes)
}

async fn vectors(world: &World, count: u32) -> Vec<SipAuthDataItem> {
    let mut request = mar(S1, ALICE, SIP_ALICE, AKA);
    request.sip_number_auth_items = count;
    let answer = world.mar(&request).await;
    assert_eq!(answer.head.outcome, Outcome::SUCCESS);
    assert_eq!(answer.sip_number_auth_items, u32::try_from(answer.sip_auth_data_items.len()).ok());
    answer.sip_auth_data_items
}

#[tokio::test]
async fn an_isim_accepts_vectors_in_their_order() {
    let (world, mut isim) = (world().await, isim());
    for round in 0..40 {
        let items = vectors(&world, 1 + round % 5).await;
        for (place, item) in (1..).zip(&items) {
            assert_eq!(item.sip_item_number, Some(place));
            let (rand, autn) = rand_and_autn(item);
            assert_eq!(autn[6..8], [0x80, 0], "the separation bit of AMF");
            let accepted = isim.authenticate(&rand, &autn).unwrap();
            assert_eq!(item.sip_authorization.as_ref().unwrap().expose(), accepted.res.expose());
            assert_eq!(item.confidentiality_key.as_ref().unwrap().expose(), accepted.ck.expose());
            assert_eq!(item.integrity_key.as_ref().unwrap().expose(), accepted.ik.expose());
        }
    }
}

#[tokio::test]
async fn how_many_vectors() {
    let world = world().await;
    for (asked, given) in [(0, 1), (1, 1), (5, 5), (6, 5), (u32::MAX, 5)] {
        assert_eq!(vectors(&world, asked).await.len(), given, "{asked}");
    }
    // 17 numbers, each with the next SEQ and the next IND.
    let shown = world.hss.show(ALICE, Secrets::Hidden).await.unwrap();
    assert_eq!(shown.sqn, [SqnText(Sqn::new(17 << 5 | 17).unwrap())]);
}

#[tokio::test]
async fn an_isim_that_is_ahead_is_followed() {
    let world = world().await;
    let ahead = 5_000_000;
    let mut isim = Isim::new(milenage(), SequenceChecker::restore([ahead; 32]));
    let item = &vectors(&world, 1).await[0];
    let (rand, autn) = rand_and_autn(item);
    let Err(Refusal::Synchronisation(auts)) = isim.authenticate(&rand, &autn) else { panic!("it is ahead") };
    let request = mar_with_auts(S1, ALICE, SIP_ALICE, &[&rand[..], &auts].concat());
    let answer = world.mar(&request).await;
    assert_eq!(answer.head.outcome, Outcome::SUCCESS);
    let (rand, autn) = rand_and_autn(&answer.sip_auth_data_items[0]);
    isim.authenticate(&rand, &autn).unwrap();
    assert_eq!(number(&answer.sip_auth_data_items[0]).parts().0, ahead + 1);
    // The same AUTS again, as when the S-CSCF repeats its request, does not turn the counter back.
    let again = world.mar(&request).await;
    assert_eq!(number(&again.sip_auth_data_items[0]).parts().0, ahead + 2);
    // An AUTS of somebody else turns nothing.
    let mut forged = auts;
    forged[13] ^= 1;
    let answer = world.mar(&mar_with_auts(S1, ALICE, SIP_ALICE, &[&rand[..], &forged].concat())).await;
    assert_eq!(answer.head.outcome, ResultCode::UNABLE_TO_COMPLY.into());
    assert_eq!(number(&vectors(&world, 1).await[0]).parts().0, ahead + 3);
}

#[tokio::test]
async fn the_counter_may_be_put_anywhere() {
    let world = world().await;
    world.hss.set_sqn("alice@IMS.test", Sqn::new(3200).unwrap()).await.unwrap();
    assert_eq!(number(&vectors(&world, 1).await[0]).parts(), (101, 1));
    assert!(world.hss.set_sqn("mallory@ims.test", Sqn::default()).await.is_err());
}

#[tokio::test]
async fn annex_c_3_2_the_last_number() {
    let world = world().await;
    let last = "[[subscriber]]\nimpi='last@ims.test'\nk='465b5ce8b199b49faa5f0a2ee238a6bc'
                opc='cd63cb71954a9f4e48a5994e37a02baf'\nsqn='fffffffffff0'";
    world.hss.import(last).await.unwrap();
    let request = mar(S1, "last@ims.test", "sip:last@ims.test", AKA);
    assert_eq!(world.mar(&request).await.head.outcome, ResultCode::UNABLE_TO_COMPLY.into());
}

/// Everybody asks at once; every number is there once, and none is missing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn ten_thousand_at_once_have_ten_thousand_numbers() {
    const COUNT: u64 = 10_000;
    let world = Arc::new(world_with(settings()).await);
    let asking = (0..COUNT).map(|_| {
        let world = Arc::clone(&world);
        tokio::spawn(async move {
            let answer = world.hss.answer(sent(&mar(S1, ALICE, SIP_ALICE, AKA))).await;
            let dictionary = Dictionary::new();
            let answer = MultimediaAuthAnswer::parse(&answer, &Reading::new(&dictionary)).unwrap();
            assert_eq!(answer.head.outcome, Outcome::SUCCESS);
            number(&answer.sip_auth_data_items[0])
        })
    });
    let mut numbers = BTreeSet::new();
    for asked in asking.collect::<Vec<_>>() {
        numbers.insert(asked.await.unwrap().parts().0);
    }
    assert!(numbers.into_iter().eq(1..=COUNT));
}
