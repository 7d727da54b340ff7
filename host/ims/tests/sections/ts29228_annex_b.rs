//! TS 29.228 §B.2.1: shared sets of initial filter criteria, which profiles name by number.

use strowger_ims::bounds::{MAX_FILTER_CRITERIA, MAX_SHARED_SETS};
use strowger_ims::service_profile::{ImsSubscription, ProfileError, ServiceProfile, SharedIfcSets};

fn ifc(priority: u32, server: &str) -> String {
    format!(
        "<InitialFilterCriteria><Priority>{priority}</Priority><ApplicationServer><ServerName>{server}</ServerName>\
         </ApplicationServer></InitialFilterCriteria>"
    )
}

fn set(id: u32, criteria: &str) -> String {
    format!("<SharedIFCSet><SharedIFCSetID>{id}</SharedIFCSetID>{criteria}</SharedIFCSet>")
}

fn sets(all: &[String]) -> Result<SharedIfcSets, ProfileError> {
    SharedIfcSets::parse(format!("<SharedIFCSets>{}</SharedIFCSets>", all.concat()).as_bytes())
}

fn profile(own: &str, ids: &[u32]) -> ServiceProfile {
    let ids: String = ids.iter().map(|id| format!("<SharedIFCSetID>{id}</SharedIFCSetID>")).collect();
    let document = format!(
        "<IMSSubscription><PrivateID>a</PrivateID><ServiceProfile><PublicIdentity><Identity>sip:a@b</Identity>\
         </PublicIdentity>{own}<Extension>{ids}</Extension></ServiceProfile></IMSSubscription>"
    );
    ImsSubscription::parse(document.as_bytes()).unwrap().service_profiles.remove(0)
}

#[test]
fn a_set_joins_the_profile_by_priority() {
    let sets = sets(&[set(7, &(ifc(5, "sip:x") + &ifc(20, "sip:y"))), set(8, "")]).unwrap();
    assert_eq!((sets.len(), sets.is_empty()), (2, false));
    let profile = profile(&ifc(10, "sip:own"), &[7, 7, 8]);
    let servers: Vec<&str> =
        sets.criteria_of(&profile).iter().map(|one| one.application_server.server_name.as_str()).collect();
    // What is compiled is sorted by priority, own ones first among equals.
    assert_eq!(servers, ["sip:own", "sip:x", "sip:y"], "each set once");
    let compiled = strowger_ims::filter_criteria::FilterCriteria::compile(sets.criteria_of(&profile));
    assert_eq!(compiled.len(), 3);
    assert!(sets.unknown_to(&profile).is_empty());
}

#[test]
fn a_set_that_is_not_there_is_told_and_left_out() {
    let sets = sets(&[set(7, &ifc(5, "sip:x"))]).unwrap();
    let profile = profile("", &[9, 7, 9, 1]);
    assert_eq!(sets.unknown_to(&profile), [9, 1]);
    assert_eq!(sets.criteria_of(&profile).len(), 1);
    assert_eq!(SharedIfcSets::default().unknown_to(&profile), [9, 7, 1]);
}

#[test]
fn a_document_that_cannot_be_used_says_why() {
    let why = |document: &str| SharedIfcSets::parse(document.as_bytes()).unwrap_err().to_string();
    assert_eq!(why("<x/>"), "user data at byte 0: expected SharedIFCSets");
    assert!(why("").contains("byte 0"), "{}", why(""));
    let wrap = |inner: &str| format!("<SharedIFCSets>{inner}</SharedIFCSets>");
    for (inner, word) in [
        ("<SharedIFCSet></SharedIFCSet>".to_owned(), "SharedIFCSetID is missing"),
        (
            "<SharedIFCSet><SharedIFCSetID>x</SharedIFCSetID></SharedIFCSet>".to_owned(),
            "SharedIFCSetID is not",
        ),
        (set(7, "") + &set(7, ""), "the set 7 is there already"),
        (set(7, "<InitialFilterCriteria/>"), "Priority is missing"),
    ] {
        assert!(why(&wrap(&inner)).contains(word), "{}", why(&wrap(&inner)));
    }
    let many: String = (0..=MAX_SHARED_SETS as u32).map(|id| set(id, "")).collect();
    assert!(why(&wrap(&many)).contains("more than 1024 shared sets"), "{}", why(&wrap(&many)));
    let criteria = ifc(1, "sip:x").repeat(MAX_FILTER_CRITERIA + 1);
    assert!(why(&wrap(&set(7, &criteria))).contains("more than 256"));
    assert!(sets(&[]).unwrap().is_empty());
}
