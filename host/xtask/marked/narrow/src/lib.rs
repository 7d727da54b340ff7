//! A plugin with one hook, where those of the CSCFs have all: it leaves every request to the standard. It is never to
//! become active.

wit_bindgen::generate!({
    inline: "package strowger:narrow;
             world narrow { include strowger:sip/base@0.1.0; include strowger:sip/hook-request@0.1.0; }",
    path: "../../../../wit",
    generate_all,
});

use exports::strowger::sip::{lifecycle, on_request};

struct Narrow;

impl lifecycle::Guest for Narrow {
    fn init(_configuration: String) -> Result<lifecycle::Manifest, String> {
        Ok(lifecycle::Manifest {
            name: "narrow".to_owned(),
            version: "0.1.0".to_owned(),
            methods: Vec::new(),
            wants: lifecycle::Wants::empty(),
        })
    }
}

impl on_request::Guest for Narrow {
    fn handle(_message: Vec<u8>) -> Result<on_request::Decision, on_request::Fault> {
        Ok(on_request::Decision::Next(Vec::new()))
    }
}

export!(Narrow);
