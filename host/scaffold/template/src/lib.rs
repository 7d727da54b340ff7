//! Calls to one number ring at the desk; everything else goes where the standard says.

use strowger_sdk::prelude::*;

/// The plugin: its settings. It keeps nothing between two messages; what must last goes into the host's variables or
/// key-value table.
#[derive(Debug)]
pub struct Desk {
    number: String,
    desk: String,
}

impl Plugin for Desk {
    /// Reads the text under `configuration` in the router's file.
    fn init(configuration: &str) -> Result<Self, String> {
        let mut keys = Configuration::parse(configuration)?;
        let number = keys.text("number")?.unwrap_or("100".to_owned());
        let desk = keys.text("desk")?;
        let desk = desk.unwrap_or("sip:desk@127.0.0.1:5070".to_owned());
        keys.finish()?;
        Ok(Desk { number, desk })
    }

    /// Decides about every request outside a dialog.
    fn on_request(&self, request: &mut Request<'_>, _host: &impl Host) -> Outcome {
        let is_call = request.method() == Method::Invite;
        if is_call && request.uri()?.user() == Some(self.number.as_bytes()) {
            request.set_header("Subject", "A call to the desk");
            return Relay::to_uri(&self.desk).record_route().into();
        }
        next().into()
    }
}

strowger_sdk::export!(Desk);
