//! Whatever comes is answered: messages that are none of ours, answers, AVPs that are missing (RFC 6733 §7).

use diameter::cx::{OF_AN_HSS, OF_AN_SCSCF};
use diameter::{ApplicationId, Builder, CommandCode, Flags, Message, ResultCode};

use crate::world::world;

fn message(flags: Flags, command: CommandCode) -> Message {
    Builder::new(flags, command, ApplicationId::CX).finish().unwrap().stamped(7, 8, flags)
}

#[tokio::test]
async fn what_is_no_request_of_cx_to_an_hss_is_answered() {
    let world = world().await;
    let request = Flags::REQUEST | Flags::PROXIABLE;
    for command in OF_AN_SCSCF {
        let answer = world.hss.answer(message(request, command)).await;
        assert_eq!(answer.outcome(), Some(ResultCode::COMMAND_UNSUPPORTED.into()), "{command:?}");
        assert!(answer.header().flags.contains(Flags::ERROR) && !answer.is_request());
        assert_eq!((answer.header().hop_by_hop, answer.header().end_to_end), (7, 8));
    }
    for command in OF_AN_HSS {
        let empty = world.hss.answer(message(request, command)).await;
        assert_eq!(empty.outcome(), Some(ResultCode::MISSING_AVP.into()), "{command:?}");
        let no_request = world.hss.answer(message(Flags::PROXIABLE, command)).await;
        assert_eq!(no_request.outcome(), Some(ResultCode::COMMAND_UNSUPPORTED.into()), "{command:?}");
    }
}

#[tokio::test]
async fn bytes_that_are_no_avps_are_answered() {
    let world = world().await;
    for command in OF_AN_HSS {
        for body in [&[0_u8; 3][..], &[0xff; 64], &[0, 0, 0, 1, 0x40, 0, 0, 4]] {
            let mut bytes = message(Flags::REQUEST | Flags::PROXIABLE, command).bytes().to_vec();
            bytes.extend_from_slice(body);
            bytes.resize(bytes.len().next_multiple_of(4), 0);
            let length = bytes.len() as u32;
            bytes[1..4].copy_from_slice(&length.to_be_bytes()[1..]);
            let message = Message::parse(bytes.into()).unwrap();
            let answer = world.hss.answer(message).await;
            assert!(answer.outcome().is_some_and(|outcome| !outcome.is_success()), "{command:?}");
        }
    }
}
