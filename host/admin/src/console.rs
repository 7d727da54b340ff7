//! The web console: one page with its style and scripts, out of the binary.
//!
//! In: requests for its files. Out: these, with a policy under which a browser runs and loads nothing else. What the page
//! shows it asks of the other paths, as `strowger plugin` does; here is nothing of that.
//!
//! | file | what |
//! |---|---|
//! | `page.html`, `style.css`, `parts.css` | what is where, and how it looks |
//! | `main.js` | asks every second, shows what comes |
//! | `host.js`, `permission.js` | the host's paths, the token; who may change things |
//! | `elements.js`, `dialogs.js` | elements of the page; what is asked before the host is told |
//! | `figures.js`, `lines.js` | numbers, times, shares, rates; in which lines two texts differ |
//! | `versions.js` | versions side by side |
//! | `commands.js`, `push.js` | what can be done with them, and the push of a file |
//! | `split.js`, `terms.js` | a share by key and matches: its dialog, what it changes |
//! | `shadow.js` | what a version in the shadow would have decided |
//! | `activations.js`, `history.js` | how plugins came in, step by step; what was done |
//! | `configuration.js` | what is other in the file; what a script is told |
//! | `recording.js` | calls that are written down |
//! | `calls.js` | calls that are traced, of all roles of this process |
//! | `rungs.js`, `ladder.js` | the ladder of one: what is in it, and how it is drawn |

use std::sync::Arc;

use axum::Router;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::routes::Admin;

/// Everything is of this host and in files of its own; text never becomes markup; no other page has this one in a frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; base-uri 'none'; \
    form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";

/// Path, kind, content.
const FILES: [(&str, &str, &str); 24] = [
    ("/", HTML, include_str!("console/page.html")),
    ("/console", HTML, include_str!("console/page.html")),
    ("/console/style.css", CSS, include_str!("console/style.css")),
    ("/console/parts.css", CSS, include_str!("console/parts.css")),
    ("/console/main.js", JAVASCRIPT, include_str!("console/main.js")),
    ("/console/host.js", JAVASCRIPT, include_str!("console/host.js")),
    ("/console/permission.js", JAVASCRIPT, include_str!("console/permission.js")),
    ("/console/elements.js", JAVASCRIPT, include_str!("console/elements.js")),
    ("/console/dialogs.js", JAVASCRIPT, include_str!("console/dialogs.js")),
    ("/console/figures.js", JAVASCRIPT, include_str!("console/figures.js")),
    ("/console/lines.js", JAVASCRIPT, include_str!("console/lines.js")),
    ("/console/versions.js", JAVASCRIPT, include_str!("console/versions.js")),
    ("/console/commands.js", JAVASCRIPT, include_str!("console/commands.js")),
    ("/console/push.js", JAVASCRIPT, include_str!("console/push.js")),
    ("/console/split.js", JAVASCRIPT, include_str!("console/split.js")),
    ("/console/terms.js", JAVASCRIPT, include_str!("console/terms.js")),
    ("/console/shadow.js", JAVASCRIPT, include_str!("console/shadow.js")),
    ("/console/activations.js", JAVASCRIPT, include_str!("console/activations.js")),
    ("/console/history.js", JAVASCRIPT, include_str!("console/history.js")),
    ("/console/configuration.js", JAVASCRIPT, include_str!("console/configuration.js")),
    ("/console/recording.js", JAVASCRIPT, include_str!("console/recording.js")),
    ("/console/calls.js", JAVASCRIPT, include_str!("console/calls.js")),
    ("/console/rungs.js", JAVASCRIPT, include_str!("console/rungs.js")),
    ("/console/ladder.js", JAVASCRIPT, include_str!("console/ladder.js")),
];

/// The paths of the page and its files.
pub(crate) fn routes() -> Router<Arc<Admin>> {
    FILES.into_iter().fold(Router::new(), |routes, (path, kind, content)| {
        routes.route(path, get(move || async move { file(kind, content) }))
    })
}

fn file(kind: &'static str, content: &'static str) -> Response {
    let fields = [
        (header::CONTENT_TYPE, kind),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::X_FRAME_OPTIONS, "DENY"),
        (header::REFERRER_POLICY, "no-referrer"),
        // Another build has another page under the same path.
        (header::CACHE_CONTROL, "no-cache"),
    ];
    (fields, content).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the policy forbids would be silently off in the browser.
    #[test]
    fn the_page_asks_for_nothing_that_its_policy_forbids() {
        for (path, kind, content) in FILES {
            for foreign in
                ["http://", "https://", "innerHTML", "insertAdjacentHTML", "eval(", "@import", "url("]
            {
                let allowed = content.replace("http://www.w3.org/2000/svg", "");
                assert!(!allowed.contains(foreign), "{path}: {foreign}");
            }
            if kind == HTML {
                for inline in ["<style", " style=", " onclick", " onload", " onsubmit", "javascript:"] {
                    assert!(!content.contains(inline), "{path}: {inline}");
                }
                let scripts = content.matches("<script").count();
                assert_eq!(content.matches("<script type=\"module\" src=\"/console/").count(), scripts);
            }
        }
    }

    /// A module that is imported and not served would leave the page empty.
    #[test]
    fn every_module_that_is_imported_is_served() {
        let served = |name: &str| FILES.iter().any(|(path, ..)| *path == format!("/console/{name}"));
        let mut imports = 0;
        for (path, _, content) in FILES.iter().filter(|(_, kind, _)| *kind == JAVASCRIPT) {
            for import in content.split("from \"./").skip(1) {
                let name = import.split('"').next().unwrap();
                assert!(served(name), "{path} imports {name}");
                imports += 1;
            }
        }
        assert!(imports >= 20, "{imports} imports found");
    }
}
