//! User data as an HSS writes it (TS 29.228 Annex E).

/// A profile: identities with whatever is in their elements, and filter criteria.
pub(crate) fn profile(identities: &[&str], criteria: &[String]) -> String {
    format!("<ServiceProfile>{}{}</ServiceProfile>", identities.concat(), criteria.concat())
}

/// An identity.
pub(crate) fn public(uri: &str) -> String {
    format!("<PublicIdentity><Identity>{uri}</Identity></PublicIdentity>")
}

/// One for registration only.
pub(crate) fn barred(uri: &str) -> String {
    format!(
        "<PublicIdentity><BarringIndication>1</BarringIndication><Identity>{uri}</Identity></PublicIdentity>"
    )
}

/// A wildcard, with an identity that matched it.
pub(crate) fn wildcard(pattern: &str, matched: &str) -> String {
    format!(
        "<PublicIdentity><Identity>{matched}</Identity><Extension><IdentityType>4</IdentityType><Extension><Extension>\
         <WildcardedIMPU>{pattern}</WildcardedIMPU></Extension></Extension></Extension></PublicIdentity>"
    )
}

/// Criteria for a method; `more` goes into the application server, `part` is the ProfilePartIndicator.
pub(crate) fn criteria(priority: u32, spt: &str, server: &str, more: &str, part: Option<u8>) -> String {
    let part =
        part.map_or_else(String::new, |part| format!("<ProfilePartIndicator>{part}</ProfilePartIndicator>"));
    format!(
        "<InitialFilterCriteria><Priority>{priority}</Priority><TriggerPoint><ConditionTypeCNF>0</ConditionTypeCNF>\
         <SPT><ConditionNegated>0</ConditionNegated><Group>0</Group>{spt}</SPT></TriggerPoint><ApplicationServer>\
         <ServerName>{server}</ServerName>{more}</ApplicationServer>{part}</InitialFilterCriteria>"
    )
}

/// Criteria that every INVITE meets.
pub(crate) fn of_invite(priority: u32, server: &str) -> String {
    criteria(priority, "<Method>INVITE</Method>", server, "", None)
}

/// The document.
pub(crate) fn user_data(profiles: &[String]) -> Vec<u8> {
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?><IMSSubscription><PrivateID>alice@ims.test</PrivateID>{}\
         </IMSSubscription>",
        profiles.concat()
    )
    .into_bytes()
}

/// One profile without criteria.
pub(crate) fn plain(identities: &[&str]) -> Vec<u8> {
    let identities: Vec<String> = identities.iter().map(|uri| public(uri)).collect();
    user_data(&[profile(&[&identities.concat()], &[])])
}
