//! TS 29.229 §6.2, §6.3: numbers, as the tables have them.

use strowger_diameter::base::{AuthSessionState, DisconnectCause};
use strowger_diameter::cx::*;
use strowger_diameter::dictionary::{base, cx};
use strowger_diameter::{CxResult, Format, MandatoryBit, ResultCode, vendor};

#[test]
fn enumerated_values_count_from_zero() {
    fn check<T: Copy + PartialEq + std::fmt::Debug>(
        all: &[T],
        count: usize,
        number: fn(T) -> i32,
        from: fn(i32) -> Option<T>,
    ) {
        assert_eq!(all.len(), count);
        for (at, value) in all.iter().enumerate() {
            assert_eq!((number(*value), from(at as i32)), (at as i32, Some(*value)));
        }
        assert_eq!((from(-1), from(count as i32)), (None, None), "{all:?}");
    }
    macro_rules! check {
        ($($name:ident $count:literal;)*) => {
            $(check($name::ALL, $count, $name::number, $name::from_number);)*
        };
    }
    check! {
        UserAuthorizationType 3;
        ServerAssignmentType 15;
        UserDataAlreadyAvailable 2;
        ReasonCode 4;
        OriginatingRequest 1;
        LooseRouteIndication 2;
        MultipleRegistrationIndication 2;
        SessionPriority 5;
        PriviledgedSenderIndication 2;
        AuthSessionState 2;
        DisconnectCause 3;
    }
    assert_eq!(ServerAssignmentType::Restoration.number(), 14);
    assert_eq!(ReasonCode::RemoveScscf.number(), 3);
}

#[test]
fn experimental_results() {
    let codes: Vec<u32> = CxResult::ALL.iter().map(|code| code.0).collect();
    let expected = [2001, 2002, 2003, 2004, 5001, 5002, 5003, 5004, 5005, 5006, 5007, 5008, 5009, 5011, 5012];
    assert_eq!(codes, expected);
}

#[test]
fn result_codes() {
    let codes: Vec<u32> = ResultCode::ALL.iter().map(|code| code.0).collect();
    let ranges = [1001..=1001, 2001..=2002, 3001..=3010, 4001..=4003, 5001..=5017];
    assert_eq!(codes, ranges.into_iter().flatten().collect::<Vec<u32>>());
}

#[test]
fn the_table_of_cx_is_whole() {
    let codes: Vec<u32> = cx::TABLE.iter().map(|row| row.id.code).collect();
    // 627 was taken back in Release 6.
    let expected: Vec<u32> = (600..=666).filter(|code| *code != 627).collect();
    assert_eq!(codes, expected);
    assert!(cx::TABLE.iter().all(|row| row.id.vendor == vendor::TGPP));
    // Up to 626, and Originating-Request, the M bit is set; it may be in Supported-Features; in no other.
    for row in cx::TABLE {
        let expected = match row.id.code {
            600..=626 | 633 => MandatoryBit::Must,
            628 => MandatoryBit::May,
            _ => MandatoryBit::MustNot,
        };
        assert_eq!(row.mandatory, expected, "{}", row.name);
    }
}

#[test]
fn formats_by_hand() {
    for (row, format) in [
        (cx::USER_DATA, Format::OctetString),
        (cx::CHARGING_INFORMATION, Format::Grouped),
        (cx::PRIMARY_CHARGING_COLLECTION_FUNCTION_NAME, Format::DiameterUri),
        (cx::REGISTRATION_TIME_OUT, Format::Time),
        (cx::PCSCF_IP_ADDRESS, Format::Address),
        (base::EVENT_TIMESTAMP, Format::Time),
        (base::REDIRECT_HOST, Format::DiameterUri),
        (base::ACCOUNTING_SUB_SESSION_ID, Format::Unsigned64),
    ] {
        assert_eq!(row.format, format, "{}", row.name);
    }
    // RFC 6733 §4.5: four AVPs of the base protocol must not have the M bit.
    let without: Vec<&str> = base::TABLE
        .iter()
        .filter(|row| row.mandatory == MandatoryBit::MustNot && (257..300).contains(&row.id.code))
        .map(|row| row.name)
        .collect();
    assert_eq!(without, ["Firmware-Revision", "Product-Name", "Error-Message", "Error-Reporting-Host"]);
}
