//! Every key of the configuration is in `docs/operating.md`: the fields of the tables in `host/runtime/src/config.rs` and
//! the folder of that name are read from the source and looked for in the page.

use crate::files::Text;

/// How the names of the sources begin: of the file, and of those in the folder.
const SOURCES: [&str; 2] = ["host/runtime/src/config.rs", "host/runtime/src/config/"];
const PAGE: &str = "docs/operating.md";

/// A sentence for every key that the page does not have.
pub(crate) fn check(texts: &[Text]) -> Vec<String> {
    let page = texts.iter().find(|text| text.name == PAGE).map_or("", |text| text.content.as_str());
    let has = |key: &str| page.contains(&format!("`{key}`")) || page.contains(&format!(".{key}`"));
    let sources = texts.iter().filter(|text| SOURCES.iter().any(|name| text.name.starts_with(name)));
    let missing = sources.flat_map(|source| {
        let keys = keys(&source.content).into_iter().filter(|key| !has(key));
        keys.map(|key| format!("{PAGE} does not have the key {key} of {}", source.name))
    });
    missing.collect()
}

/// Public fields of the structs whose names end in `Table`.
fn keys(source: &str) -> Vec<&str> {
    let mut inside = false;
    let mut keys = Vec::new();
    for line in source.lines() {
        if line.starts_with("pub struct ") {
            inside = line.ends_with("Table {");
        } else if line == "}" {
            inside = false;
        } else if let Some(field) = line.strip_prefix("    pub ").filter(|_| inside) {
            keys.extend(field.split_once(':').map(|(name, _)| name));
        }
    }
    keys
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_of_tables_are_keys() {
        let source = "pub struct Config {\n    pub node: NodeTable,\n}\npub struct NodeTable {\n    /// x\n    pub \
                      role: String,\n    pub rest_us: u32,\n}\nimpl NodeTable {\n    pub fn x() {}\n}\n";
        assert_eq!(keys(source), ["role", "rest_us"]);
    }

    #[test]
    fn a_key_that_is_not_on_the_page_is_named() {
        let text = |name: &str, content: &str| Text { name: name.to_owned(), content: content.to_owned() };
        let source =
            "pub struct LogTable {\n    pub level: String,\n    pub format: String,\n    pub new: u8,\n}\n";
        let [file, folder] = SOURCES;
        let more = format!("{folder}more.rs");
        let texts = [
            text(file, source),
            text(&more, "pub struct MoreTable {\n    pub depth: u8,\n    pub format: u8,\n}\n"),
            text(PAGE, "| `log.level` | `format` |"),
        ];
        let says = |key: &str, source: &str| format!("{PAGE} does not have the key {key} of {source}");
        assert_eq!(check(&texts), [says("new", file), says("depth", &more)]);
    }
}
