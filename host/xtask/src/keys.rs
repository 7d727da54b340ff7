//! Every key of the configuration is in `docs/operating.md`: the fields of the tables in `host/runtime/src/config.rs`
//! are read from the source and looked for in the page.

use crate::files::Text;

const SOURCE: &str = "host/runtime/src/config.rs";
const PAGE: &str = "docs/operating.md";

/// A sentence for every key that the page does not have.
pub(crate) fn check(texts: &[Text]) -> Vec<String> {
    let content = |name| texts.iter().find(|text| text.name == name).map_or("", |text| text.content.as_str());
    let page = content(PAGE);
    keys(content(SOURCE))
        .into_iter()
        .filter(|key| !page.contains(&format!("`{key}`")) && !page.contains(&format!(".{key}`")))
        .map(|key| format!("{PAGE} does not have the key {key} of {SOURCE}"))
        .collect()
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
        let wrong = check(&[text(SOURCE, source), text(PAGE, "| `log.level` | `format` |")]);
        assert_eq!(wrong, [format!("{PAGE} does not have the key new of {SOURCE}")]);
    }
}
