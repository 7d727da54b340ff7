//! The SDK in all but one thing: what a plugin decides about a request carries a header field [`HEADER`] that says which
//! plugin, and which build of it, did so. For load runs that look whether a call stays with the version that took it.
//!
//! In: the source of any plugin, which names the SDK `strowger_sdk` and does not know which one it gets. Out: the same
//! plugin, asked about requests inside dialogs too, each of which is marked before it is put to the real one. A build
//! is told from another by the octets of [`MARK`], which are overwritten in the file. Some names are those of builds that are
//! bad: [`FAILS`] and [`LOOPS`] do not start, [`ERRS`], [`TRAPS`] and [`DAWDLES`] do harm to an INVITE now and then or always.

pub use sdk::*;

/// The header field. Each plugin on a request's way adds itself to the value: `pcscf a, scscf b`.
pub const HEADER: &str = "X-Decided-By";

/// Where a build's name begins in the file, behind these octets.
const SIGN: &[u8] = b"strowger-marking-sdk-build:";

/// The sign, and room for a name: eight octets, spaces behind it.
#[used]
static MARK: [u8; 35] = *b"strowger-marking-sdk-build:unmarked";

/// A build of this name refuses to start.
pub const FAILS: &str = "fails";

/// A build of this name never gets to its first question.
pub const LOOPS: &str = "loops";

/// A build of this name answers 500 to one INVITE in [`ONE_IN`].
pub const ERRS: &str = "errs";

/// A build of this name traps at one INVITE in [`ONE_IN`].
pub const TRAPS: &str = "traps";

/// A build of this name takes about 30 ms longer for each INVITE.
pub const DAWDLES: &str = "dawdles";

/// Which INVITEs those are depends on the Call-ID alone.
const ONE_IN: u32 = 20;

/// Rounds of about 2 ns, each of which needs the one before it: there is no clock that goes on in a hook.
const ROUNDS: u32 = 16_000_000;

/// The name of this build.
fn build() -> &'static str {
    // Read each time: the compiler must not know what the file will say.
    let mark = std::hint::black_box(&MARK);
    let build = mark.get(SIGN.len()..).unwrap_or_default();
    std::str::from_utf8(build).unwrap_or_default().trim_end()
}

/// Starts, unless this build is one that does not.
///
/// # Errors
/// Of a build that is to fail.
pub fn start() -> Result<(), String> {
    match build() {
        FAILS => Err("this build is one that does not start".to_owned()),
        LOOPS => loop {
            std::hint::black_box(&MARK);
        },
        _ => Ok(()),
    }
}

/// What a bad build does to an INVITE. The status of an answer, if that is all that it gets.
pub fn harm(request: &Request<'_>) -> Option<u16> {
    if request.method() != Method::Invite {
        return None;
    }
    // FNV-1a.
    let hash = |hash: u32, octet: &u8| (hash ^ u32::from(*octet)).wrapping_mul(0x0100_0193);
    let is_one = request.call_id().iter().fold(0x811c_9dc5, hash) % ONE_IN == 0;
    let is_harmed = match build() {
        ERRS => is_one,
        TRAPS if is_one => panic!("this build is one that traps"),
        // Never 0, which a compiler does not know (G. Marsaglia, "Xorshift RNGs", J. Stat. Software 8, 2003).
        DAWDLES => (0..ROUNDS).fold(1, |word, _| xorshift(word)) == 0,
        _ => false,
    };
    is_harmed.then_some(500)
}

fn xorshift(mut word: u32) -> u32 {
    word ^= word << 13;
    word ^= word >> 17;
    word ^ (word << 5)
}

/// Adds `plugin` and the name of this build to the request.
pub fn mark(plugin: &str, request: &mut Request<'_>) {
    let own = format!("{plugin} {}", build());
    let whole = match request.text(HEADER) {
        Some(before) => format!("{before}, {own}"),
        None => own,
    };
    request.remove(HEADER);
    request.append(HEADER, whole);
}

/// In the place of the SDK's: the plugin in a coat that marks.
#[macro_export]
macro_rules! export {
    ($plugin:ident) => {
        /// The plugin in a coat that marks.
        pub struct Marking($plugin);

        impl $crate::Plugin for Marking {
            fn init(configuration: &str) -> Result<Self, String> {
                $crate::start()?;
                <$plugin as $crate::Plugin>::init(configuration).map(Marking)
            }

            fn manifest(&self) -> $crate::Manifest {
                $crate::Plugin::manifest(&self.0).in_dialog()
            }

            fn on_request(
                &self,
                request: &mut $crate::Request<'_>,
                host: &impl $crate::Host,
            ) -> $crate::Outcome {
                if let Some(status) = $crate::harm(request) {
                    return $crate::reply(status).into();
                }
                $crate::mark(stringify!($plugin), request);
                $crate::Plugin::on_request(&self.0, request, host)
            }

            fn on_in_dialog_request(
                &self,
                request: &mut $crate::Request<'_>,
                host: &impl $crate::Host,
            ) -> $crate::Outcome {
                $crate::mark(stringify!($plugin), request);
                $crate::Plugin::on_in_dialog_request(&self.0, request, host)
            }

            fn on_reply(
                &self,
                response: &mut $crate::Response<'_>,
                host: &impl $crate::Host,
            ) -> $crate::ReplyOutcome {
                $crate::Plugin::on_reply(&self.0, response, host)
            }

            fn on_failure(
                &self,
                response: &mut $crate::Response<'_>,
                host: &impl $crate::Host,
            ) -> $crate::Outcome {
                $crate::Plugin::on_failure(&self.0, response, host)
            }

            fn on_timer(&self, token: &str, host: &impl $crate::Host) {
                $crate::Plugin::on_timer(&self.0, token, host);
            }

            fn on_event(&self, event: &$crate::Event, host: &impl $crate::Host) {
                $crate::Plugin::on_event(&self.0, event, host);
            }

            fn on_answer(&self, token: &str, response: &mut $crate::Response<'_>, host: &impl $crate::Host) {
                $crate::Plugin::on_answer(&self.0, token, response, host);
            }

            fn on_adopt(
                &self,
                call: $crate::Adoption,
                host: &impl $crate::Host,
            ) -> Result<Option<$crate::Variables>, $crate::Fault> {
                $crate::Plugin::on_adopt(&self.0, call, host)
            }
        }

        $crate::__export_as_it_is!(Marking);
    };
}

#[doc(hidden)]
pub use sdk::export as __export_as_it_is;
