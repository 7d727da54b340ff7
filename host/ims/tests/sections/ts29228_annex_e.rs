//! TS 29.228 Annex B and E: user data as servers write it, read and written again.

use proptest::prelude::*;
use strowger_ims::bounds::{
    MAX_FILTER_CRITERIA, MAX_GROUPS, MAX_IDENTITY, MAX_PROFILE_LIST, MAX_PUBLIC_IDENTITIES,
    MAX_SERVICE_POINT_TRIGGERS, MAX_SERVICE_PROFILES,
};
use strowger_ims::service_profile::{
    ApplicationServer, ConditionType, CoreNetworkServicesAuthorization, DefaultHandling, ExtendedPriority,
    IdentityType, ImsSubscription, InitialFilterCriteria, ProfileError, ProfilePart, PublicIdentity,
    RegistrationType, ServicePointTrigger, ServiceProfile, SessionCase, TriggerPoint, What,
};

/// Everything that the schema has, with namespaces, comments and elements that nobody knows.
const FULL: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<cx:IMSSubscription xmlns:cx="urn:x" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
    xsi:noNamespaceSchemaLocation="CxDataType.xsd">
  <!-- of a test -->
  <cx:PrivateID> 001010000000001@ims.mnc001.mcc001.3gppnetwork.org </cx:PrivateID>
  <cx:ServiceProfile>
    <Novelty><PublicIdentity/></Novelty>
    <InitialFilterCriteria>
      <Priority>7</Priority>
      <TriggerPoint>
        <ConditionTypeCNF>TRUE</ConditionTypeCNF>
        <SPT><ConditionNegated>0</ConditionNegated><Group>0</Group><Method>REGISTER</Method>
          <Extension><RegistrationType>0</RegistrationType><RegistrationType>2</RegistrationType></Extension></SPT>
        <SPT><Group>0</Group><Group>1</Group><ConditionNegated>true</ConditionNegated>
          <SIPHeader><Header>Accept</Header><Content>a&lt;b &amp; c</Content></SIPHeader></SPT>
        <SPT><Group>1</Group><SessionCase>4</SessionCase></SPT>
        <SPT><Group>2</Group><RequestURI>^tel:\+1</RequestURI></SPT>
        <SPT><Group>3</Group><SessionDescription><Line>m</Line><Content>^audio</Content></SessionDescription></SPT>
        <SPT><Group>3</Group><SIPHeader><Header>P-X</Header></SIPHeader></SPT>
      </TriggerPoint>
      <ApplicationServer>
        <Extension><IncludeRegisterRequest/><IncludeRegisterResponse>true</IncludeRegisterResponse></Extension>
        <ServiceInfo> <![CDATA[<x>1</x>]]></ServiceInfo>
        <DefaultHandling>1</DefaultHandling>
        <ServerName>sip:as.example.org:5065</ServerName>
      </ApplicationServer>
      <ProfilePartIndicator>1</ProfilePartIndicator>
    </InitialFilterCriteria>
    <PublicIdentity>
      <BarringIndication>1</BarringIndication>
      <Identity>sip:001010000000001@ims.mnc001.mcc001.3gppnetwork.org</Identity>
    </PublicIdentity>
    <PublicIdentity>
      <Identity>sip:!.*!@pbx.example.org</Identity>
      <Extension>
        <IdentityType>4</IdentityType>
        <WildcardedPSI>sip:psi!.*!@example.org</WildcardedPSI>
        <Extension>
          <DisplayName>Desk &#8470; 5</DisplayName>
          <AliasIdentityGroupID>1</AliasIdentityGroupID>
          <Extension>
            <WildcardedIMPU>sip:!.*!@pbx.example.org</WildcardedIMPU>
            <ServiceLevelTraceInfo>trace</ServiceLevelTraceInfo>
            <ServicePriorityLevel>3</ServicePriorityLevel>
            <Extension>
              <ExtendedPriority>
                <PriorityNamespace>wps</PriorityNamespace><PriorityLevel>2</PriorityLevel>
              </ExtendedPriority>
              <Extension><MaxNumOfAllowedSimultRegistrations>5</MaxNumOfAllowedSimultRegistrations></Extension>
            </Extension>
          </Extension>
        </Extension>
      </Extension>
    </PublicIdentity>
    <CoreNetworkServicesAuthorization>
      <SubscribedMediaProfileId>30</SubscribedMediaProfileId>
      <Extension>
        <ListOfServiceIds><ServiceId>urn:urn-7:3gpp-service.ims.icsi.mmtel</ServiceId></ListOfServiceIds>
      </Extension>
    </CoreNetworkServicesAuthorization>
    <Extension><SharedIFCSetID>1</SharedIFCSetID><SharedIFCSetID>22</SharedIFCSetID></Extension>
  </cx:ServiceProfile>
  <ServiceProfile><PublicIdentity><Identity>tel:+15550100</Identity></PublicIdentity></ServiceProfile>
  <Extension><IMSI>001010000000001</IMSI></Extension>
</cx:IMSSubscription>
"#;

/// As docker_open5gs has PyHSS write it.
const PYHSS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<IMSSubscription>
    <PrivateID>001010000000001@ims.mnc001.mcc001.3gppnetwork.org</PrivateID>
    <ServiceProfile>
        <PublicIdentity>
            <Identity>sip:0100@ims.mnc001.mcc001.3gppnetwork.org</Identity>
            <Extension>
                <IdentityType>0</IdentityType>
                <Extension><AliasIdentityGroupID>1</AliasIdentityGroupID></Extension>
            </Extension>
        </PublicIdentity>
        <InitialFilterCriteria>
            <Priority>10</Priority>
            <TriggerPoint>
                <ConditionTypeCNF>1</ConditionTypeCNF>
                <SPT>
                    <ConditionNegated>0</ConditionNegated>
                    <Group>0</Group>
                    <Method>MESSAGE</Method>
                    <Extension></Extension>
                </SPT>
            </TriggerPoint>
            <ApplicationServer>
                <ServerName>sip:smsc.ims.mnc001.mcc001.3gppnetwork.org:7090</ServerName>
                <DefaultHandling>0</DefaultHandling>
            </ApplicationServer>
        </InitialFilterCriteria>
    </ServiceProfile>
</IMSSubscription>"#;

fn trigger(groups: &[u32], is_negated: bool, what: What) -> ServicePointTrigger {
    ServicePointTrigger { is_negated, groups: groups.to_vec(), what, registration_types: Vec::new() }
}

#[test]
fn everything_that_the_schema_has_is_read() {
    let subscription = ImsSubscription::parse(FULL.as_bytes()).unwrap();
    assert_eq!(subscription.private_identity, "001010000000001@ims.mnc001.mcc001.3gppnetwork.org");
    assert_eq!(subscription.imsi.as_deref(), Some("001010000000001"));
    let [first, second] = &subscription.service_profiles[..] else { panic!("two profiles") };
    assert_eq!(
        second.public_identities,
        [PublicIdentity { identity_type: None, ..PublicIdentity::distinct("tel:+15550100") }]
    );
    assert_eq!(second.public_identities[0].kind(), IdentityType::DistinctPublicUserIdentity);
    assert_eq!(first.shared_ifc_set_ids, [1, 22]);
    assert_eq!(
        first.core_network_services_authorization,
        Some(CoreNetworkServicesAuthorization {
            subscribed_media_profile_id: Some(30),
            service_ids: vec!["urn:urn-7:3gpp-service.ims.icsi.mmtel".to_owned()],
        })
    );
    let [barred, wildcard] = &first.public_identities[..] else { panic!("two identities") };
    assert!(barred.is_barred && !wildcard.is_barred);
    assert_eq!(
        *wildcard,
        PublicIdentity {
            identity: "sip:!.*!@pbx.example.org".to_owned(),
            is_barred: false,
            identity_type: Some(IdentityType::WildcardedImpu),
            wildcarded_psi: Some("sip:psi!.*!@example.org".to_owned()),
            display_name: Some("Desk № 5".to_owned()),
            alias_identity_group_id: Some("1".to_owned()),
            wildcarded_impu: Some("sip:!.*!@pbx.example.org".to_owned()),
            service_level_trace_info: Some("trace".to_owned()),
            service_priority_level: Some(3),
            extended_priorities: vec![ExtendedPriority {
                namespace: "wps".to_owned(),
                level: "2".to_owned()
            }],
            max_simultaneous_registrations: Some(5),
        }
    );
    let header = |header: &str, content: Option<&str>| What::SipHeader {
        header: header.to_owned(),
        content: content.map(str::to_owned),
    };
    let register = ServicePointTrigger {
        registration_types: vec![RegistrationType::Initial, RegistrationType::DeRegistration],
        ..trigger(&[0], false, What::Method("REGISTER".to_owned()))
    };
    let description = What::SessionDescription { line: "m".to_owned(), content: Some("^audio".to_owned()) };
    let expected = InitialFilterCriteria {
        priority: 7,
        trigger_point: Some(TriggerPoint {
            condition_type: ConditionType::ConjunctiveNormalForm,
            service_point_triggers: vec![
                register,
                trigger(&[0, 1], true, header("Accept", Some("a<b & c"))),
                trigger(&[1], false, What::SessionCase(SessionCase::OriginatingCdiv)),
                trigger(&[2], false, What::RequestUri("^tel:\\+1".to_owned())),
                trigger(&[3], false, description),
                trigger(&[3], false, header("P-X", None)),
            ],
        }),
        application_server: ApplicationServer {
            server_name: "sip:as.example.org:5065".to_owned(),
            default_handling: Some(DefaultHandling::SessionTerminated),
            service_info: Some(" <x>1</x>".to_owned()),
            include_register_request: true,
            include_register_response: true,
        },
        profile_part: Some(ProfilePart::Unregistered),
    };
    assert_eq!(first.initial_filter_criteria, [expected]);
    assert_eq!(ImsSubscription::parse(subscription.to_xml().as_bytes()), Ok(subscription));
}

#[test]
fn what_a_server_of_the_labs_writes_is_read() {
    let subscription = ImsSubscription::parse(PYHSS.as_bytes()).unwrap();
    let profile = &subscription.service_profiles[0];
    let identity = &profile.public_identities[0];
    assert_eq!(identity.alias_identity_group_id.as_deref(), Some("1"));
    let criteria = &profile.initial_filter_criteria[0];
    assert_eq!(criteria.application_server.handling(), DefaultHandling::SessionContinued);
    assert_eq!(criteria.profile_part, None);
    assert_eq!(ImsSubscription::parse(subscription.to_xml().as_bytes()), Ok(subscription));
}

#[test]
fn elements_stand_in_the_order_of_the_schema() {
    let xml = ImsSubscription::parse(FULL.as_bytes()).unwrap().to_xml();
    let order = [
        "<IMSSubscription>",
        "<PrivateID>",
        "<ServiceProfile>",
        "<PublicIdentity>",
        "<BarringIndication>1",
        "<Identity>",
        "<InitialFilterCriteria>",
        "<Priority>7",
        "<TriggerPoint>",
        "<ConditionTypeCNF>1",
        "<ApplicationServer>",
        "<ServerName>",
        "<DefaultHandling>1",
        "<ServiceInfo>",
        "<IncludeRegisterRequest/>",
        "<ProfilePartIndicator>1",
        "<CoreNetworkServicesAuthorization>",
        "<SharedIFCSetID>1",
        "<IMSI>",
    ];
    let mut at = 0;
    for element in order {
        let found =
            xml[at..].find(element).unwrap_or_else(|| panic!("{element} stands too early or not at all"));
        at += found;
    }
}

#[test]
fn identities_do_not_show_themselves() {
    let subscription = ImsSubscription::parse(FULL.as_bytes()).unwrap();
    assert_eq!(format!("{subscription:?}"), "ImsSubscription(2 profiles, 3 identities)");
    let shown = format!("{:?}", subscription.service_profiles);
    assert!(shown.contains("PublicIdentity(WildcardedImpu)") && shown.contains("barred"));
    for secret in ["pbx", "00101", "Desk", "+1555"] {
        assert!(!shown.contains(secret), "{secret} shows in {shown}");
    }
}

/// A subscription around this piece of a service profile.
fn around(piece: &str) -> String {
    format!(
        "<IMSSubscription><PrivateID>a@b</PrivateID><ServiceProfile><PublicIdentity><Identity>sip:a@b</Identity>\
         </PublicIdentity>{piece}</ServiceProfile></IMSSubscription>"
    )
}

fn criteria(inner: &str) -> String {
    around(&format!(
        "<InitialFilterCriteria><Priority>1</Priority><TriggerPoint><ConditionTypeCNF>0</ConditionTypeCNF>{inner}\
         </TriggerPoint><ApplicationServer><ServerName>sip:x</ServerName></ApplicationServer></InitialFilterCriteria>"
    ))
}

#[test]
fn what_is_missing_is_named() {
    let rows = [
        ("<IMSSubscription/>".to_owned(), "PrivateID"),
        ("<IMSSubscription><PrivateID>a</PrivateID></IMSSubscription>".to_owned(), "ServiceProfile"),
        (
            "<IMSSubscription><PrivateID>a</PrivateID><ServiceProfile/></IMSSubscription>".to_owned(),
            "PublicIdentity",
        ),
        (around("<PublicIdentity/>"), "Identity"),
        (around("<InitialFilterCriteria/>"), "Priority"),
        (
            around("<InitialFilterCriteria><Priority>1</Priority></InitialFilterCriteria>"),
            "ApplicationServer",
        ),
        (
            around(
                "<InitialFilterCriteria><Priority>1</Priority><ApplicationServer/></InitialFilterCriteria>",
            ),
            "ServerName",
        ),
        (criteria("<SPT><Method>X</Method></SPT>"), "Group"),
        (
            criteria("<SPT><Group>1</Group></SPT>"),
            "RequestURI, Method, SIPHeader, SessionCase or SessionDescription",
        ),
        (criteria("<SPT><Group>1</Group><SIPHeader/></SPT>"), "Header"),
        (criteria("<SPT><Group>1</Group><SessionDescription/></SPT>"), "Line"),
        (
            around(
                "<InitialFilterCriteria><Priority>1</Priority><TriggerPoint/><ApplicationServer/>\
                 </InitialFilterCriteria>",
            ),
            "ConditionTypeCNF",
        ),
    ];
    for (document, expected) in rows {
        match ImsSubscription::parse(document.as_bytes()) {
            Err(ProfileError::Missing { element, offset }) => {
                assert_eq!(element, expected);
                assert!(document[offset..].starts_with('<'), "the offset is that of an element");
            }
            other => panic!("{document}: {other:?}"),
        }
    }
    assert!(matches!(ImsSubscription::parse(b"<x/>"), Err(ProfileError::Root { offset: 0, .. })));
    assert!(matches!(ImsSubscription::parse(b"nonsense"), Err(ProfileError::Xml(_))));
}

#[test]
fn a_value_that_is_none_is_named() {
    let identity =
        |inner: &str| around(&format!("<PublicIdentity><Identity>a</Identity>{inner}</PublicIdentity>"));
    let extended = |inner: &str| identity(&format!("<Extension>{inner}</Extension>"));
    let spt = |inner: &str| criteria(&format!("<SPT><Group>1</Group>{inner}</SPT>"));
    let kind = "<Extension><RegistrationType>3</RegistrationType></Extension>";
    let rows = [
        (identity("<BarringIndication>yes</BarringIndication>"), "BarringIndication"),
        (extended("<IdentityType>5</IdentityType>"), "IdentityType"),
        (extended("<ServicePriorityLevel>5</ServicePriorityLevel>"), "ServicePriorityLevel"),
        (around("<Extension><SharedIFCSetID>-1</SharedIFCSetID></Extension>"), "SharedIFCSetID"),
        (
            around("<InitialFilterCriteria><Priority>4294967296</Priority></InitialFilterCriteria>"),
            "Priority",
        ),
        (criteria("<SPT><Group>x</Group></SPT>"), "Group"),
        (spt("<SessionCase>5</SessionCase>"), "SessionCase"),
        (spt(&format!("<Method>REGISTER</Method>{kind}")), "RegistrationType"),
        (spt("<Method>X</Method><ConditionNegated/>"), "ConditionNegated"),
    ];
    for (document, expected) in rows {
        match ImsSubscription::parse(document.as_bytes()) {
            Err(ProfileError::Value { element, .. }) => assert_eq!(element, expected),
            other => panic!("{document}: {other:?}"),
        }
    }
}

#[test]
fn every_bound_is_kept() {
    let spt = "<SPT><Group>1</Group><Method>X</Method></SPT>";
    let identity = "<PublicIdentity><Identity>a</Identity></PublicIdentity>";
    let ifc = "<InitialFilterCriteria><Priority>1</Priority><ApplicationServer><ServerName>sip:x</ServerName>\
               </ApplicationServer></InitialFilterCriteria>";
    let set = "<SharedIFCSetID>1</SharedIFCSetID>";
    let profile = format!("<ServiceProfile>{identity}</ServiceProfile>");
    let profiles =
        |count: usize| format!("<IMSSubscription><PrivateID/>{}</IMSSubscription>", profile.repeat(count));
    let groups = |count: usize| {
        criteria(&format!("<SPT>{}<Method>X</Method></SPT>", "<Group>1</Group>".repeat(count)))
    };
    let sets = |count: usize| around(&format!("<Extension>{}</Extension>", set.repeat(count)));
    let long = |count: usize| {
        around(&format!("<PublicIdentity><Identity>{}</Identity></PublicIdentity>", "a".repeat(count)))
    };
    let rows: [(usize, &dyn Fn(usize) -> String); 7] = [
        (MAX_SERVICE_PROFILES, &profiles),
        (MAX_PUBLIC_IDENTITIES, &|count| around(&identity.repeat(count - 1))),
        (MAX_FILTER_CRITERIA, &|count| around(&ifc.repeat(count))),
        (MAX_SERVICE_POINT_TRIGGERS, &|count| criteria(&spt.repeat(count))),
        (MAX_GROUPS, &groups),
        (MAX_PROFILE_LIST, &sets),
        (MAX_IDENTITY, &long),
    ];
    for (bound, document) in rows {
        assert!(ImsSubscription::parse(document(bound).as_bytes()).is_ok(), "{bound}");
        match ImsSubscription::parse(document(bound + 1).as_bytes()) {
            Err(ProfileError::TooMany { limit, .. }) => assert_eq!(limit, bound),
            other => panic!("{bound}: {other:?}"),
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    // White space at the ends is not kept.
    "[!-~é№]([ -~é№]{0,12}[!-~é№])?"
}

fn public_identity() -> impl Strategy<Value = PublicIdentity> {
    let first = (text(), any::<bool>(), prop::option::of(0..5_usize), prop::option::of(text()));
    let texts = prop::array::uniform4(prop::option::of(text()));
    let rest =
        (prop::option::of(0..5_u8), prop::collection::vec((text(), text()), 0..3), any::<Option<u32>>());
    (first, texts, rest).prop_map(|(first, texts, rest)| {
        let (identity, is_barred, kind, wildcarded_psi) = first;
        let [display_name, alias_identity_group_id, wildcarded_impu, service_level_trace_info] = texts;
        let (service_priority_level, priorities, max_simultaneous_registrations) = rest;
        PublicIdentity {
            identity,
            is_barred,
            identity_type: kind.map(|kind| IdentityType::ALL[kind]),
            wildcarded_psi,
            display_name,
            alias_identity_group_id,
            wildcarded_impu,
            service_level_trace_info,
            service_priority_level,
            extended_priorities: priorities
                .into_iter()
                .map(|(namespace, level)| ExtendedPriority { namespace, level })
                .collect(),
            max_simultaneous_registrations,
        }
    })
}

fn what() -> impl Strategy<Value = What> {
    prop_oneof![
        text().prop_map(What::RequestUri),
        text().prop_map(What::Method),
        (text(), prop::option::of(text())).prop_map(|(header, content)| What::SipHeader { header, content }),
        (0..5_usize).prop_map(|case| What::SessionCase(SessionCase::ALL[case])),
        (text(), prop::option::of(text()))
            .prop_map(|(line, content)| What::SessionDescription { line, content }),
    ]
}

fn service_point_trigger() -> impl Strategy<Value = ServicePointTrigger> {
    let kinds = prop::collection::vec(0..3_usize, 0..3);
    (any::<bool>(), prop::collection::vec(any::<u32>(), 1..4), what(), kinds).prop_map(
        |(is_negated, groups, what, kinds)| ServicePointTrigger {
            is_negated,
            groups,
            what,
            registration_types: kinds.into_iter().map(|kind| RegistrationType::ALL[kind]).collect(),
        },
    )
}

fn initial_filter_criteria() -> impl Strategy<Value = InitialFilterCriteria> {
    let triggers = prop::collection::vec(service_point_trigger(), 0..5);
    let trigger_point = (any::<bool>(), triggers).prop_map(|(is_cnf, service_point_triggers)| TriggerPoint {
        condition_type: if is_cnf {
            ConditionType::ConjunctiveNormalForm
        } else {
            ConditionType::DisjunctiveNormalForm
        },
        service_point_triggers,
    });
    let handling = prop::option::of(prop_oneof![
        Just(DefaultHandling::SessionContinued),
        Just(DefaultHandling::SessionTerminated)
    ]);
    let part = prop::option::of(prop_oneof![Just(ProfilePart::Registered), Just(ProfilePart::Unregistered)]);
    let info = prop::option::of("[ -~\t\r\n]{0,20}");
    let server = (text(), handling, info, any::<bool>(), any::<bool>());
    (any::<u32>(), prop::option::of(trigger_point), server, part).prop_map(
        |(priority, trigger_point, server, profile_part)| {
            let (server_name, default_handling, service_info, request, response) = server;
            let application_server = ApplicationServer {
                server_name,
                default_handling,
                service_info,
                include_register_request: request,
                include_register_response: response,
            };
            InitialFilterCriteria { priority, trigger_point, application_server, profile_part }
        },
    )
}

fn service_profile() -> impl Strategy<Value = ServiceProfile> {
    let authorization = (any::<Option<u32>>(), prop::collection::vec(text(), 0..3)).prop_map(
        |(subscribed_media_profile_id, service_ids)| CoreNetworkServicesAuthorization {
            subscribed_media_profile_id,
            service_ids,
        },
    );
    (
        prop::collection::vec(public_identity(), 1..4),
        prop::collection::vec(initial_filter_criteria(), 0..4),
        prop::option::of(authorization),
        prop::collection::vec(any::<u32>(), 0..3),
    )
        .prop_map(|(public_identities, initial_filter_criteria, authorization, shared_ifc_set_ids)| {
            ServiceProfile {
                public_identities,
                initial_filter_criteria,
                core_network_services_authorization: authorization,
                shared_ifc_set_ids,
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn what_is_written_is_read(
        private in text(),
        imsi in prop::option::of("[0-9]{6,15}"),
        profiles in prop::collection::vec(service_profile(), 1..3),
    ) {
        let subscription = ImsSubscription { private_identity: private, imsi, service_profiles: profiles };
        prop_assert_eq!(ImsSubscription::parse(subscription.to_xml().as_bytes()), Ok(subscription));
    }

    #[test]
    fn any_document_is_survived(cut in 0..FULL.len(), insert in "[<>/&;a-zA-Z0-9\"]{0,6}", length in 0..30_usize) {
        let mut bytes = FULL.as_bytes().to_vec();
        let end = (cut + length).min(bytes.len());
        bytes.splice(cut..end, insert.bytes());
        if let Ok(subscription) = ImsSubscription::parse(&bytes) {
            prop_assert_eq!(ImsSubscription::parse(subscription.to_xml().as_bytes()), Ok(subscription));
        }
    }
}
