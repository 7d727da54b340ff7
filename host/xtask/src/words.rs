//! Words that no file of the checkout may hold: paths of the machine it was written on, hosts of package registries.
//! Lock files name where packages come from, and are left out.

use crate::files::Text;

/// Written in parts, so that this file does not find itself.
const FOLDERS: &[&str] = &[concat!("/wo", "rk/"), concat!("/ro", "ot/"), concat!("/ho", "me/")];
const HOSTS: &[&str] = &[
    concat!("deb.deb", "ian.org"),
    concat!("security.deb", "ian.org"),
    concat!("archive.ubu", "ntu.com"),
    concat!("crates", ".io/api"),
    concat!("index.crates", ".io"),
    concat!("static.crates", ".io"),
    concat!("registry.npm", "js.org"),
    concat!("py", "pi.org"),
    concat!("static.rust", "-lang.org"),
];
const LOCKS: &[&str] = &[".lock", "package-lock.json"];

/// A sentence for every such word.
pub(crate) fn check(texts: &[Text]) -> Vec<String> {
    texts.iter().filter(|text| !text.is(LOCKS)).flat_map(|text| found_in(&text.name, &text.content)).collect()
}

fn found_in(name: &str, content: &str) -> Vec<String> {
    let sentence = |number: usize, what: &str, word: &str| format!("{name}:{}: {what} {word}", number + 1);
    content
        .lines()
        .enumerate()
        .flat_map(|(number, line)| {
            let folders = FOLDERS
                .iter()
                .filter(|folder| is_absolute_in(line, folder))
                .map(move |folder| sentence(number, "a path of some machine:", folder));
            let hosts = HOSTS
                .iter()
                .filter(|host| line.contains(**host))
                .map(move |host| sentence(number, "a registry's host:", host));
            folders.chain(hosts).collect::<Vec<_>>()
        })
        .collect()
}

/// A folder of that name within another one is not the machine's.
fn is_absolute_in(line: &str, folder: &str) -> bool {
    line.match_indices(folder).any(|(at, _)| {
        let before = line[..at].chars().next_back();
        !before.is_some_and(|c| c.is_ascii_alphanumeric() || "._-}".contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machines_path_is_found_and_a_relative_one_is_not() {
        let path = FOLDERS[0];
        assert_eq!(
            found_in("a.md", &format!("x\nsee {path}main")),
            [format!("a.md:2: a path of some machine: {path}")]
        );
        assert!(found_in("a.md", &format!("target{path}x and .{path}x and ${{T}}{path}")).is_empty());
    }

    #[test]
    fn a_registrys_host_is_found_and_lock_files_may_hold_it() {
        let text = |name: &str| Text { name: name.to_owned(), content: HOSTS[0].to_owned() };
        let wrong = check(&[text("a.sh"), text("Cargo.lock"), text("x/package-lock.json")]);
        assert_eq!(wrong.len(), 1);
    }
}
