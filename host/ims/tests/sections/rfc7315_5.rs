//! RFC 7315 §5 and TS 24.229 §7.2A: P-Charging-Vector, P-Charging-Function-Addresses, P-Access-Network-Info,
//! P-Visited-Network-ID, P-Associated-URI.

use proptest::prelude::*;
use strowger_ims::access_network_info::{AccessKind, AccessNetworkInfo, Cell};
use strowger_ims::associated_uri::AssociatedUri;
use strowger_ims::bounds::{MAX_ELEMENTS, MAX_VALUE};
use strowger_ims::charging_function_addresses::ChargingFunctionAddresses;
use strowger_ims::charging_vector::{ChargingVector, TransitIoi};
use strowger_ims::identity::Plmn;
use strowger_ims::service_profile::{IdentityType, ImsSubscription, PublicIdentity, ServiceProfile};
use strowger_ims::visited_network_id::VisitedNetworkId;
use strowger_ims::{Address, Parameter};

/// §5.6, and TS 24.229 §7.2A.5.
#[test]
fn a_charging_vector_with_everything() {
    let value = b"icid-value=\"AyretyU0dm+6O2IrT5tAFrbHLso=023551024\" ; ICID-generated-at=[2001:db8::1];\
        orig-ioi=home1.net;term-ioi=\"Type 3home2.net\";transit-ioi=\"operatorA.1, void,operatorB.2\";\
        related-icid=\"1:2\";related-icid-generated-at=192.0.2.1;pdngw=192.0.2.9;flag";
    let vector = ChargingVector::parse(value).unwrap();
    let network = |name: &str, index| TransitIoi::Network { name: name.to_owned(), index };
    assert_eq!(vector.icid_value, "AyretyU0dm+6O2IrT5tAFrbHLso=023551024");
    assert_eq!(vector.icid_generated_at.as_deref(), Some("[2001:db8::1]"));
    assert_eq!(
        (vector.orig_ioi.as_deref(), vector.term_ioi.as_deref()),
        (Some("home1.net"), Some("Type 3home2.net"))
    );
    assert_eq!(vector.transit_ioi, [network("operatorA", 1), TransitIoi::Void, network("operatorB", 2)]);
    assert_eq!(vector.related_icid.as_deref(), Some("1:2"));
    assert_eq!(vector.others.iter().map(Parameter::name).collect::<Vec<_>>(), ["pdngw", "flag"]);
    assert_eq!(
        vector.to_string(),
        "icid-value=\"AyretyU0dm+6O2IrT5tAFrbHLso=023551024\";icid-generated-at=[2001:db8::1];orig-ioi=home1.net;\
         term-ioi=\"Type 3home2.net\";related-icid=\"1:2\";related-icid-generated-at=192.0.2.1;\
         transit-ioi=\"operatorA.1,void,operatorB.2\";pdngw=192.0.2.9;flag"
    );
    assert_eq!(ChargingVector::parse(vector.to_string().as_bytes()), Ok(vector));
    assert_eq!(ChargingVector::new("a").to_string(), "icid-value=a");
}

#[test]
fn what_is_no_charging_vector() {
    let long = format!("icid-value={}", "a".repeat(MAX_VALUE));
    let many = format!("icid-value=a;transit-ioi=\"{}\"", ["void"; MAX_ELEMENTS + 1].join(","));
    for wrong in [
        "",
        "orig-ioi=a",
        "icid-value",
        "icid-value=\"\"",
        "icid-value=a;orig-ioi",
        "icid-value=a;;",
        "icid-value=a;transit-ioi=\"a\"",
        "icid-value=a;transit-ioi=\"a.b\"",
        "icid-value=a;transit-ioi=\".1\"",
        "icid-value=a;transit-ioi=\"a.4294967296\"",
        "icid-value=a;transit-ioi=\"\"",
        "icid-value=\"a",
        &long,
        &many,
    ] {
        assert!(ChargingVector::parse(wrong.as_bytes()).is_err(), "{wrong:.80}");
    }
}

#[test]
fn nothing_that_is_written_ends_a_header_field() {
    let vector = ChargingVector {
        orig_ioi: Some("x\r\nVia: y".to_owned()),
        transit_ioi: vec![TransitIoi::Network { name: "a\"\r\n".to_owned(), index: 1 }],
        ..ChargingVector::new("a\nb\0")
    };
    assert!(!vector.to_string().contains(char::is_control));
    let network = VisitedNetworkId::new("a\r\nb\"c\\");
    assert_eq!(network.to_string(), "\"a  b\\\"c\\\\\"");
    assert!(Address::new("sip:a@b\r\nX: y").is_err() && Address::new("sip:a@b>").is_err());
    let named = Address::new("sip:a@b").unwrap().named("\"\r\nX");
    assert_eq!(named.to_string(), "\"\\\"  X\" <sip:a@b>");
}

/// §5.5.
#[test]
fn charging_function_addresses() {
    let value = b"ccf=192.0.2.1; ecf=\"aaa://ecf.home1.net;transport=tcp\", x";
    assert!(ChargingFunctionAddresses::parse(value).is_err(), "it is no list");
    let value = b"ccf=192.0.2.1; ecf=\"aaa://ecf.home1.net;transport=tcp\";ccf-2=ccf2.home1.net;x=y";
    let addresses = ChargingFunctionAddresses::parse(value).unwrap();
    assert_eq!(addresses.ecf.as_deref(), Some("aaa://ecf.home1.net;transport=tcp"));
    assert_eq!((addresses.ccf_2.as_deref(), addresses.ecf_2), (Some("ccf2.home1.net"), None));
    let old = ChargingFunctionAddresses::parse(b"ccf=[5555::a];ccf=[5555::b];ecf=a;ecf=b").unwrap();
    assert_eq!(
        (old.ccf.as_deref(), old.ccf_2.as_deref(), old.ecf.as_deref(), old.ecf_2.as_deref()),
        (Some("[5555::a]"), Some("[5555::b]"), Some("a"), Some("b")),
        "the way of RFC 3455"
    );
    assert_eq!(old.to_string(), "ccf=[5555::a];ccf-2=[5555::b];ecf=a;ecf-2=b");
    assert_eq!(ChargingFunctionAddresses::parse(old.to_string().as_bytes()), Ok(old));
    assert!(ChargingFunctionAddresses::default().is_empty());
    for wrong in [&b""[..], b"ccf", b"ccf=a;ecf"] {
        assert!(ChargingFunctionAddresses::parse(wrong).is_err());
    }
}

/// §5.4 and TS 24.229 §7.2A.4.
#[test]
fn access_networks_of_the_user_and_of_the_network() {
    let values = [
        &b"3GPP-E-UTRAN-FDD;utran-cell-id-3gpp=0010100010019B01, 3gpp-nr;network-provided;\
           utran-cell-id-3gpp=\"310150000001000000001\""[..],
        b"IEEE-802.11;i-wlan-node-id=00112233aabb;local-time-zone=\"2019-01-01T00:00:00+01:00\"",
    ];
    let all = AccessNetworkInfo::parse_all(values).unwrap();
    let [ue, network, wlan] = &all[..] else { panic!("three accesses") };
    assert_eq!(
        (ue.access(), ue.kind(), ue.is_network_provided),
        ("3GPP-E-UTRAN-FDD", AccessKind::EUtran, false)
    );
    let cell = ue.cell().unwrap();
    assert_eq!((cell.plmn, cell.area, cell.cell), (Plmn::new("001", "01").unwrap(), 1, 0x0001_9B01));
    assert_eq!((network.kind(), network.is_network_provided), (AccessKind::Nr, true));
    assert_eq!(network.cell().unwrap().plmn, Plmn::new("310", "150").unwrap());
    assert_eq!((wlan.kind(), wlan.location(), wlan.cell()), (AccessKind::Wlan, Some("00112233aabb"), None));
    assert_eq!(network.to_string(), "3gpp-nr;utran-cell-id-3gpp=310150000001000000001;network-provided");
    for one in &all {
        assert_eq!(
            AccessNetworkInfo::parse_all([one.to_string().as_bytes()]).unwrap(),
            std::slice::from_ref(one)
        );
    }
    let shown = format!("{ue:?} {cell:?}");
    assert!(!shown.contains("001"), "{shown}");
    assert!(AccessNetworkInfo::new("a b").is_none());
    for wrong in [&b";x"[..], b"a b", b"a;", b"\"a\"", &b"a,".repeat(MAX_ELEMENTS + 1)] {
        assert!(AccessNetworkInfo::parse_all([wrong]).is_err(), "{}", wrong.escape_ascii());
    }
    assert_eq!(AccessNetworkInfo::parse_all([&b""[..], b","]), Ok(vec![]));
}

/// TS 24.229 table 7.2A.4.2.
#[test]
fn every_kind_of_access_and_its_parameter() {
    let rows = [
        ("3GPP-GERAN", AccessKind::Geran, Some("cgi-3gpp")),
        ("3GPP-UTRAN-TDD", AccessKind::Utran, Some("utran-cell-id-3gpp")),
        ("3GPP-E-UTRAN-ProSe-UNR", AccessKind::EUtran, Some("utran-cell-id-3gpp")),
        ("3GPP-NR-SAT", AccessKind::Nr, Some("utran-cell-id-3gpp")),
        ("3GPP2-1X-HRPD", AccessKind::Cdma2000, Some("ci-3gpp2")),
        ("IEEE-802.11ac", AccessKind::Wlan, Some("i-wlan-node-id")),
        ("IEEE-802.3ah", AccessKind::Ethernet, Some("eth-location")),
        ("adsl2+", AccessKind::Dsl, Some("dsl-location")),
        ("G.SHDSL", AccessKind::Dsl, Some("dsl-location")),
        ("XGPON1", AccessKind::Fiber, Some("fiber-location")),
        ("GSTN", AccessKind::Gstn, Some("gstn-location")),
        ("DOCSIS", AccessKind::Docsis, None),
        ("DVB-RCS2", AccessKind::Satellite, Some("dvb-rcs2-node-id")),
        ("untrusted-non-3GPP-VIRTUAL-EPC", AccessKind::Other, None),
    ];
    for (access, kind, parameter) in rows {
        let one = AccessNetworkInfo::new(access).unwrap();
        assert_eq!((one.kind(), one.kind().location_parameter()), (kind, parameter), "{access}");
    }
}

/// TS 24.229 §7.2A.4.3.
#[test]
fn cells_of_every_radio() {
    let rows = [
        (AccessKind::Geran, "001010a0B1234", Some(("01", 0x0a0b, 0x1234))),
        (AccessKind::Geran, "3101500a0b1234", Some(("150", 0x0a0b, 0x1234))),
        (AccessKind::Utran, "00101000100000ff", Some(("01", 1, 0xff))),
        (AccessKind::EUtran, "3101500001fffffff", Some(("150", 1, 0x0fff_ffff))),
        (AccessKind::Nr, "00101000001000000001", Some(("01", 1, 1))),
        (AccessKind::Nr, "310150ffffffFFFFFFFFF", Some(("150", 0x00ff_ffff, 0xf_ffff_ffff))),
        (AccessKind::EUtran, "001010001000000", None),
        (AccessKind::EUtran, "001010001000000123", None),
        (AccessKind::EUtran, "0a101000100000ff", None),
        (AccessKind::EUtran, "00101000100000f-", None),
        (AccessKind::EUtran, "00101000100000é", None),
        (AccessKind::Nr, "", None),
        (AccessKind::Wlan, "00101000100000ff", None),
    ];
    for (kind, value, expected) in rows {
        let cell = Cell::parse(kind, value);
        let found = cell.as_ref().map(|cell| (cell.plmn.mnc(), cell.area, cell.cell));
        assert_eq!(found, expected, "{value}");
        if let Some(cell) = cell {
            assert_eq!(cell.to_string(), value.to_ascii_uppercase());
            assert_eq!(Cell::new(kind, cell.plmn, cell.area, cell.cell), Some(cell));
        }
    }
    let plmn = Plmn::new("001", "01").unwrap();
    assert_eq!(Cell::new(AccessKind::EUtran, plmn, 0x1_0000, 0), None);
    assert_eq!(Cell::new(AccessKind::EUtran, plmn, 0, 0x1000_0000), None);
    assert_eq!(Cell::new(AccessKind::Dsl, plmn, 0, 0), None);
}

/// §5.3.
#[test]
fn visited_networks() {
    let values =
        [&b"\"Visited network number 1\", other.net;x=y"[..], b"\"ims.mnc001.mcc001.3gppnetwork.org\" ; a"];
    let all = VisitedNetworkId::parse_all(values).unwrap();
    assert_eq!(
        all.iter().map(|one| one.network.as_str()).collect::<Vec<_>>(),
        ["Visited network number 1", "other.net", "ims.mnc001.mcc001.3gppnetwork.org"]
    );
    assert_eq!(all[1].to_string(), "\"other.net\";x=y");
    for wrong in [&b"\"open"[..], b"a b", b"\"a\" b", b"\"a\\\"", b"\"\xff\""] {
        assert!(VisitedNetworkId::parse_all([wrong]).is_err(), "{}", wrong.escape_ascii());
    }
}

/// §5.1 and TS 24.229 §5.4.1.2.2F.
#[test]
fn associated_uris_of_a_subscription() {
    let identity =
        |identity: &str, kind| PublicIdentity { identity_type: kind, ..PublicIdentity::distinct(identity) };
    let profile = |public_identities| ServiceProfile { public_identities, ..ServiceProfile::default() };
    let subscription = ImsSubscription {
        private_identity: "a@b".to_owned(),
        imsi: None,
        service_profiles: vec![
            profile(vec![
                PublicIdentity { is_barred: true, ..identity("sip:temporary@b", None) },
                PublicIdentity { display_name: Some("A".to_owned()), ..identity("sip:a@b", None) },
                identity("sip:!.*!@b", Some(IdentityType::WildcardedImpu)),
                identity("sip:psi@b", Some(IdentityType::DistinctPsi)),
                identity("not a uri", None),
            ]),
            profile(vec![identity("tel:+1", Some(IdentityType::NonDistinctImpu))]),
        ],
    };
    let told: Vec<String> = AssociatedUri::of(&subscription).iter().map(AssociatedUri::to_string).collect();
    assert_eq!(told, ["\"A\" <sip:a@b>", "<tel:+1>"]);
    let read = AssociatedUri::parse_all([&b"\"A\" <sip:a@b>;x, <tel:+1>"[..]]).unwrap();
    assert_eq!(read[0].to_string(), "\"A\" <sip:a@b>;x");
    assert!(AssociatedUri::parse_all([&b"<nonsense>"[..]]).is_err());
}

fn text() -> impl Strategy<Value = String> {
    "[ -~é]{1,12}"
}

fn parameters() -> impl Strategy<Value = Vec<Parameter>> {
    let one = ("x[a-z]{0,6}", prop::option::of("[ -~é]{0,8}"));
    prop::collection::vec(
        one.prop_map(|(name, value)| Parameter::new(&name, value.as_deref()).unwrap()),
        0..3,
    )
}

proptest! {
    #[test]
    fn a_charging_vector_comes_back(
        icid in text(),
        named in prop::array::uniform5(prop::option::of(text())),
        transit in prop::collection::vec(prop::option::of(("[a-zA-Z][a-zA-Z0-9.]{0,5}", any::<u32>())), 0..4),
        others in parameters(),
    ) {
        let [icid_generated_at, orig_ioi, term_ioi, related_icid, related_icid_generated_at] = named;
        let transit_ioi = transit
            .into_iter()
            .map(|network| match network {
                Some((name, index)) => TransitIoi::Network { name, index },
                None => TransitIoi::Void,
            })
            .collect();
        let vector = ChargingVector {
            icid_value: icid, icid_generated_at, orig_ioi, term_ioi, transit_ioi, related_icid,
            related_icid_generated_at, others,
        };
        prop_assert_eq!(ChargingVector::parse(vector.to_string().as_bytes()), Ok(vector));
    }

    #[test]
    fn charging_function_addresses_come_back(
        ccf in text(),
        ecf in prop::option::of((text(), prop::option::of(text()))),
        others in parameters(),
    ) {
        let (ecf, ecf_2) = match ecf {
            Some((one, two)) => (Some(one), two),
            None => (None, None),
        };
        let addresses = ChargingFunctionAddresses { ccf: Some(ccf), ccf_2: None, ecf, ecf_2, others };
        prop_assert_eq!(ChargingFunctionAddresses::parse(addresses.to_string().as_bytes()), Ok(addresses));
    }

    #[test]
    fn access_networks_come_back(
        access in "[A-Z0-9][A-Za-z0-9.+-]{0,12}",
        provided in any::<bool>(),
        others in parameters(),
    ) {
        let mut one = AccessNetworkInfo::new(&access).unwrap();
        one.is_network_provided = provided;
        one.others = others;
        let list = format!("{one}, {one}");
        prop_assert_eq!(AccessNetworkInfo::parse_all([list.as_bytes()]), Ok(vec![one.clone(), one]));
    }

    #[test]
    fn visited_networks_come_back(network in "[ -~é]{0,12}", others in parameters()) {
        let one = VisitedNetworkId { network, others };
        prop_assert_eq!(VisitedNetworkId::parse_all([one.to_string().as_bytes()]), Ok(vec![one]));
    }

    #[test]
    fn a_cell_comes_back(digits in "[0-9]{5,6}", area in 0..0x1_0000_u32, cell in 0..0x1000_0000_u64) {
        let plmn = Plmn::new(&digits[..3], &digits[3..]).unwrap();
        for kind in [AccessKind::Utran, AccessKind::EUtran, AccessKind::Nr] {
            let made = Cell::new(kind, plmn, area, cell).unwrap();
            prop_assert_eq!(Cell::parse(kind, &made.to_string()), Some(made));
        }
    }
}
