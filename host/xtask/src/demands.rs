//! Tests that `docs/ims.md` and `docs/comparison.md` name: each is a test of the file that the page says it is in, a part of
//! what is compiled, and what is *done* names at least one.
//!
//! How a page names them: `clause::test` is in `plugins/<role>/tests/sections`, where the heading says the role, or
//! `P:`, `I:` and `S:` before it do; with no role it is in each of the three. A folder and a colon before it say another
//! place, up to the next semicolon; of a crate's folder it is in `src`. `ims::` is `host/strowger/tests/ims`. A name of
//! one word is a file of that folder's, with all its tests.

use crate::files::Text;
use std::collections::BTreeMap;

const PAGES: [&str; 2] = ["docs/ims.md", "docs/comparison.md"];
const OF_PROCESSES: &str = "host/strowger/tests/ims";
const PLUGINS: [(&str, &str); 3] = [("P", "pcscf"), ("I", "icscf"), ("S", "scscf")];

/// A sentence for every name that leads nowhere and every row that shows nothing.
pub(crate) fn check(texts: &[Text]) -> Vec<String> {
    let sources: Sources<'_> = texts
        .iter()
        .filter(|text| text.is(&[".rs"]))
        .map(|text| (text.name.as_str(), text.content.as_str()))
        .collect();
    let page = |name| match texts.iter().find(|text| text.name == name) {
        Some(page) => check_page(page, &sources),
        None => vec![format!("{name} is not there")],
    };
    PAGES.into_iter().flat_map(page).collect()
}

fn check_page(page: &Text, sources: &Sources<'_>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut role_of_section = None;
    for (number, line) in page.content.lines().enumerate() {
        let at = format!("{}:{}", page.name, number + 1);
        if line.starts_with('#') {
            let is_of =
                |(_, plugin): &(&str, &'static str)| line.to_lowercase().replace('-', "").ends_with(plugin);
            role_of_section = PLUGINS.into_iter().find(is_of).map(|(_, plugin)| plugin);
            continue;
        }
        let named = names(line, role_of_section);
        if is_done(line) && named.is_empty() {
            wrong.push(format!("{at}: is done, and names no test"));
        }
        for Named { name, folders } in named {
            let missing = folders.iter().filter_map(|folder| find(sources, folder, name).err());
            wrong.extend(missing.map(|why| format!("{at}: `{name}`: {why}")));
        }
    }
    wrong
}

/// Every Rust file of the checkout: its name and what is in it.
type Sources<'a> = BTreeMap<&'a str, &'a str>;

/// A test as a line of the page names it, and the folders in each of which it must be.
#[derive(Debug, PartialEq)]
struct Named<'a> {
    name: &'a str,
    folders: Vec<String>,
}

/// The last cell of a row begins with the word.
fn is_done(line: &str) -> bool {
    let cells: Vec<&str> = line.split('|').map(str::trim).collect();
    cells.len() > 2 && cells[cells.len() - 2].starts_with("done")
}

/// The tests that a line names. Of what stands between backticks a path of words is a name, and a path with slashes is the
/// folder of those behind it if a colon follows.
fn names<'a>(line: &'a str, role_of_section: Option<&str>) -> Vec<Named<'a>> {
    let mut found = Vec::new();
    let of_section = || match role_of_section {
        Some(plugin) => vec![sections_of(plugin)],
        None => PLUGINS.iter().map(|(_, plugin)| sections_of(plugin)).collect(),
    };
    let mut folders = of_section();
    let pieces: Vec<&str> = line.split('`').collect();
    for (place, piece) in pieces.iter().enumerate() {
        let is_code = place % 2 == 1;
        if !is_code {
            if piece.contains(['|', ';']) {
                folders = of_section();
            }
            let said = |(letter, _): &&(&str, &str)| {
                let before = piece.trim_end().strip_suffix(':').and_then(|rest| rest.strip_suffix(*letter));
                before.is_some_and(|before| !before.ends_with(char::is_alphanumeric))
            };
            if let Some((_, plugin)) = PLUGINS.iter().find(said) {
                folders = vec![sections_of(plugin)];
            }
        } else if piece.contains('/') && pieces.get(place + 1).is_some_and(|next| next.starts_with(':')) {
            folders = vec![(*piece).to_owned()];
        } else if let Some(name) = piece.strip_prefix("ims::").filter(|name| is_name(name)) {
            found.push(Named { name, folders: vec![OF_PROCESSES.to_owned()] });
        } else if is_name(piece) && piece.contains("::") {
            found.push(Named { name: piece, folders: folders.clone() });
        }
    }
    found
}

fn sections_of(plugin: &str) -> String {
    format!("plugins/{plugin}/tests/sections")
}

/// Words of Rust with `::` between them.
fn is_name(piece: &str) -> bool {
    let is_word = |word: &str| {
        !word.is_empty() && word.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
    };
    piece.split("::").all(is_word)
}

/// Whether a test of this name is in this folder, or why not.
fn find(sources: &Sources<'_>, folder: &str, name: &str) -> Result<(), String> {
    // Tests inside of a crate are beside what they are of.
    let folder = if folder.contains("/tests") { folder.to_owned() } else { format!("{folder}/src") };
    let mut modules: Vec<&str> = name.split("::").collect();
    let test = if modules.len() > 1 { modules.pop() } else { None };
    // The last words may be modules inside of a file.
    let file = (1..=modules.len()).rev().find_map(|deep| {
        let path = format!("{folder}/{}", modules[..deep].join("/"));
        [format!("{path}.rs"), format!("{path}/main.rs"), format!("{path}/mod.rs")]
            .into_iter()
            .find_map(|file| sources.get_key_value(file.as_str()))
    });
    let Some((file, content)) = file else {
        return Err(format!("{folder} has no file {}.rs", modules.join("/")));
    };
    if let Some(whole) = sources.get(format!("{folder}/main.rs").as_str())
        && !declares(whole, modules[0])
    {
        return Err(format!("{folder}/main.rs does not have the module {}", modules[0]));
    }
    match test {
        Some(test) if !has_test(content, |name| name == test) => Err(format!("{file} has no test {test}")),
        None if !has_test(content, |_| true) => Err(format!("{file} has no test")),
        _ => Ok(()),
    }
}

fn declares(whole: &str, module: &str) -> bool {
    let declaration = format!("mod {module};");
    whole.lines().any(|line| line.trim_start_matches("pub ").trim_start_matches("pub(crate) ") == declaration)
}

/// Whether a function that is marked as a test has such a name and is not `#[ignore]`d. Attributes stand between the two.
fn has_test(content: &str, is_it: impl Fn(&str) -> bool) -> bool {
    let (mut is_test, mut is_ignored) = (false, false);
    for line in content.lines().map(str::trim_start) {
        if line.starts_with("#[") {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            is_ignored |= line.starts_with("#[ignore");
        } else if let Some(rest) = line.trim_start_matches("async ").strip_prefix("fn ") {
            if is_test && !is_ignored && rest.split('(').next().is_some_and(&is_it) {
                return true;
            }
            (is_test, is_ignored) = (false, false);
        } else if !line.starts_with("//") {
            (is_test, is_ignored) = (false, false);
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(name: &str, content: &str) -> Text {
        Text { name: name.to_owned(), content: content.to_owned() }
    }

    const PAGE: &str = PAGES[0];

    /// What is wrong with a page of one row in the section of the P-CSCF, in a checkout of a few tests.
    fn of_row(row: &str) -> Vec<String> {
        check(&[
            text(PAGE, &format!("### P-CSCF\n{row}\n")),
            text(PAGES[1], "| 1 | `host/cscf`: `leaving::tests::goodbye` |\n"),
            text("plugins/pcscf/tests/sections/main.rs", "mod rfc3608;\nmod world;\n"),
            text(
                "plugins/pcscf/tests/sections/rfc3608.rs",
                "#[test]\nfn a_route() {}\n\n#[test]\n#[ignore = \"slow\"]\nfn asleep() {}\n\nfn a_helper() {}\n",
            ),
            text("plugins/pcscf/tests/sections/stray.rs", "#[test]\nfn never_compiled() {}\n"),
            text("plugins/icscf/tests/sections/rfc3608.rs", "#[test]\nfn another() {}\n"),
            text("host/strowger/tests/ims/main.rs", "mod killed;\nmod plan;\n"),
            text("host/strowger/tests/ims/killed.rs", "    #[test]\n    // Why.\n    fn the_only_one() {}\n"),
            text("host/strowger/tests/ims/plan.rs", "fn plan() {}\n"),
            text("host/cscf/src/leaving.rs", "mod tests {\n    #[test]\n    fn goodbye() {}\n}\n"),
            text("host/storage/tests/store/main.rs", "mod rfc5626;\n"),
            text("host/storage/tests/store/rfc5626.rs", "#[tokio::test]\nasync fn an_instance() {}\n"),
        ])
    }

    #[test]
    fn tests_that_are_there_are_found_in_every_place() {
        let row = "| P1 | x | §1 | | `rfc3608::a_route`; I: `rfc3608::another`; `host/storage/tests/store`: \
                   `rfc5626::an_instance`; `rfc3608::a_route`; `host/cscf`: `leaving::tests::goodbye`; \
                   `ims::killed::the_only_one`, `ims::killed` | done |";
        assert_eq!(of_row(row), [""; 0]);
    }

    #[test]
    fn a_name_that_leads_nowhere_is_told_with_its_line_and_why() {
        let wrong = |name: &str| of_row(&format!("| P1 | x | §1 | | {name} | done |"));
        let says = |name: &str, why: &str| assert_eq!(wrong(name), [format!("{PAGE}:2: {why}")]);
        let sections = "plugins/pcscf/tests/sections";
        says("`rfc3608::a_rout`", &format!("`rfc3608::a_rout`: {sections}/rfc3608.rs has no test a_rout"));
        says(
            "`rfc3608::a_helper`",
            &format!("`rfc3608::a_helper`: {sections}/rfc3608.rs has no test a_helper"),
        );
        says("`rfc3608::asleep`", &format!("`rfc3608::asleep`: {sections}/rfc3608.rs has no test asleep"));
        says("`rfc3609::a_route`", &format!("`rfc3609::a_route`: {sections} has no file rfc3609.rs"));
        says(
            "`stray::never_compiled`",
            &format!("`stray::never_compiled`: {sections}/main.rs does not have the module stray"),
        );
        says(
            "`ims::killed::nobody`",
            &format!("`killed::nobody`: {OF_PROCESSES}/killed.rs has no test nobody"),
        );
        says("`ims::plan`", &format!("`plan`: {OF_PROCESSES}/plan.rs has no test"));
        says(
            "`host/cscf`: `leaving::goodby`",
            "`leaving::goodby`: host/cscf/src/leaving.rs has no test goodby",
        );
        // Of the next cell, or behind a semicolon, the folder is the section's again.
        says(
            "`host/cscf`: `leaving::goodbye`; `leaving::goodbye`",
            &format!("`leaving::goodbye`: {sections} has no file leaving.rs"),
        );
    }

    #[test]
    fn each_page_is_looked_at() {
        let wrong = check(&[text(PAGES[1], "| 1 | `host/cscf`: `leaving::goodbye` |\n")]);
        let missing = "`leaving::goodbye`: host/cscf/src has no file leaving.rs";
        assert_eq!(wrong, [format!("{PAGE} is not there"), format!("{}:1: {missing}", PAGES[1])]);
    }

    #[test]
    fn what_is_done_names_a_test() {
        assert_eq!(of_row("| P1 | x | §1 | | | done |"), [format!("{PAGE}:2: is done, and names no test")]);
        assert_eq!(of_row("| P1 | x | §1 | | | partly: this is done |"), [""; 0]);
    }

    #[test]
    fn with_no_role_a_name_is_one_of_each_plugin() {
        let named = names("(`settings::a_mistake` of each)", None);
        let folders = PLUGINS.map(|(_, plugin)| sections_of(plugin)).to_vec();
        assert_eq!(named, [Named { name: "settings::a_mistake", folders }]);
    }
}
