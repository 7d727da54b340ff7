//! Values of the contract laid out in a guest's memory by the canonical ABI, as data segments of a module in text.
//!
//! In: names and values. Out: addresses to return, and the segments. Offsets are those of `wit/sip.wit`'s types:
//! a `result` has its discriminant at 0 and its value at 4, and so has a variant inside it.

use std::collections::BTreeMap;

/// Where the areas begin; below it is room for import results.
const BASE: u32 = 1024;

/// A memory image in the making.
#[derive(Default)]
pub struct Areas {
    bytes: Vec<u8>,
    names: BTreeMap<&'static str, u32>,
}

/// One value in the making: bytes at offsets from its own beginning.
#[derive(Default)]
pub struct Value(Vec<u8>);

impl Value {
    pub fn u8(mut self, at: usize, value: u8) -> Value {
        self.put(at, &[value]);
        self
    }

    pub fn u16(mut self, at: usize, value: u16) -> Value {
        self.put(at, &value.to_le_bytes());
        self
    }

    pub fn u32(mut self, at: usize, value: u32) -> Value {
        self.put(at, &value.to_le_bytes());
        self
    }

    /// A string or a list: address and length.
    pub fn list(self, at: usize, (address, length): (u32, u32)) -> Value {
        self.u32(at, address).u32(at + 4, length)
    }

    fn put(&mut self, at: usize, bytes: &[u8]) {
        if self.0.len() < at + bytes.len() {
            self.0.resize(at + bytes.len(), 0);
        }
        self.0[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

impl Areas {
    /// Text somewhere in memory.
    pub fn text(&mut self, text: &str) -> (u32, u32) {
        let at = self.place(text.as_bytes());
        (at, text.len() as u32)
    }

    /// Bytes somewhere in memory.
    pub fn bytes(&mut self, bytes: &[u8]) -> (u32, u32) {
        (self.place(bytes), bytes.len() as u32)
    }

    /// A list of one element of this size.
    pub fn one(&mut self, element: Value, size: usize) -> (u32, u32) {
        (self.sized(element, size), 1)
    }

    /// A list of elements of this size.
    pub fn many(&mut self, elements: Vec<Value>, size: usize) -> (u32, u32) {
        let length = elements.len() as u32;
        let mut bytes = Vec::new();
        for element in elements {
            let end = bytes.len() + size;
            bytes.extend(element.0);
            bytes.resize(end, 0);
        }
        (self.place(&bytes), length)
    }

    /// A value that can be returned under a name (`@NAME@` in the text).
    pub fn name(&mut self, name: &'static str, value: Value) {
        let at = self.sized(value, 64);
        self.names.insert(name, at);
    }

    /// Elements of this size, one behind the other, under a name.
    pub fn name_many(&mut self, name: &'static str, elements: Vec<Value>, size: usize) {
        let (at, _) = self.many(elements, size);
        self.names.insert(name, at);
    }

    /// Text that can be pointed to under a name.
    pub fn name_text(&mut self, name: &'static str, text: &str) {
        let (at, _) = self.text(text);
        self.names.insert(name, at);
    }

    /// The module's text with names replaced by addresses and the data put in.
    pub fn fill(&self, text: &str) -> String {
        let mut filled = text.to_owned();
        for (name, at) in &self.names {
            filled = filled.replace(&format!("@{name}@"), &at.to_string());
        }
        let bytes: String = self.bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        filled.replace("@DATA@", &format!("(data (i32.const {BASE}) \"{bytes}\")"))
    }

    fn sized(&mut self, value: Value, size: usize) -> u32 {
        let mut bytes = value.0;
        bytes.resize(size.max(bytes.len()), 0);
        self.place(&bytes)
    }

    fn place(&mut self, bytes: &[u8]) -> u32 {
        let at = self.bytes.len().next_multiple_of(8);
        self.bytes.resize(at, 0);
        self.bytes.extend_from_slice(bytes);
        BASE + at as u32
    }
}

/// A header field by name (record `header`, 20 bytes).
fn header(areas: &mut Areas, at: usize, edit: Value, name: &str, value: &str) -> Value {
    let (name, value) = (areas.text(name), areas.text(value));
    edit.list(at + 4, name).list(at + 12, value)
}

/// Bytes of an `edit`, and of a `target`.
const EDIT: usize = 24;
const TARGET: usize = 32;

/// All areas that `behaviours.wat` names. `manifest` is the name and version it gives.
pub fn behaviours(name: &str, version: &str) -> Areas {
    let mut areas = Areas::default();
    let (name, version) = (areas.text(name), areas.text(version));
    areas.name("MANIFEST", Value::default().list(4, name).list(12, version));
    let bad = areas.text("Not A Name");
    areas.name("BAD_NAME", Value::default().list(4, bad).list(12, version));
    let method = areas.text("INVITE");
    let methods = areas.one(Value::default().list(0, method), 8);
    areas
        .name("INVITE_ONLY", Value::default().list(4, name).list(12, version).list(20, methods).u8(28, 0b01));
    areas.name("IN_DIALOG", Value::default().list(4, name).list(12, version).u8(28, 0b10));
    let sentence = areas.text("the option `realm` is missing");
    areas.name("REFUSED", Value::default().u8(0, 1).list(4, sentence));

    areas.name("NEXT", Value::default().u8(4, 3));
    areas.name("DROP", Value::default().u8(4, 4));
    areas.name("NO_DECISION", Value::default().u8(4, 9));
    areas.name("OUTSIDE", Value::default().u8(4, 3).list(8, (0x7fff_0000, 5)));
    let reason = areas.text("no such\r\nthing");
    areas.name("FAULT", Value::default().u8(0, 1).u16(4, 77).list(8, reason));

    let edit = header(&mut areas, 4, Value::default(), "X-Test", "one\r\nInjected: yes");
    let list = areas.one(edit, EDIT);
    areas.name("LINE_BREAK", Value::default().u8(4, 3).list(8, list));
    areas.name("STATUS", Value::default().u8(4, 1).u16(8, 42));
    let value = areas.text("SIP/2.0/UDP 192.0.2.66;branch=z9hG4bK2");
    let list = areas.one(Value::default().u8(0, 2).u32(4, 0).list(8, value), EDIT);
    areas.name("VIA", Value::default().u8(4, 3).list(8, list));
    let value = areas.text("x");
    let list = areas.one(Value::default().u8(0, 2).u32(4, 400).list(8, value), EDIT);
    areas.name("INDEX", Value::default().u8(4, 3).list(8, list));

    let edit = header(&mut areas, 4, Value::default(), "X-Test", "one");
    let list = areas.one(edit, EDIT);
    let reason = areas.text("Fine");
    let reply =
        |at: usize, value: Value| value.u16(at, 299).list(at + 4, reason).list(at + 12, list).u8(at + 20, 1);
    areas.name("REPLY", reply(8, Value::default().u8(4, 1)));
    areas.name("REPLACE", reply(8, Value::default().u8(4, 1)));
    areas.name("PASS", Value::default());
    areas.name("DROP_REPLY", Value::default().u8(4, 2));

    let uri = areas.text("sip:bob@192.0.2.7");
    let text = areas.text("<sip:proxy.example;lr>");
    let route = areas.one(Value::default().list(0, text), 8);
    let place = areas.text("sip:carol@example.com");
    let targets = areas.many(
        vec![
            Value::default().list(4, uri).list(12, route).u16(20, 700),
            Value::default().u8(0, 1).list(4, place).list(12, route),
        ],
        TARGET,
    );
    areas.name("RELAY", Value::default().u8(4, 0).list(16, targets).u8(24, 0b101).u32(28, 4_000));
    let targets = areas.one(Value::default().list(4, uri).u16(20, 1_001), TARGET);
    areas.name("BAD_Q", Value::default().u8(4, 0).list(16, targets));
    let (realm, algorithms) = (areas.text("example.com"), areas.text("\u{1}\u{0}"));
    areas
        .name("CHALLENGE", Value::default().u8(4, 2).u8(8, 1).list(12, realm).list(20, algorithms).u8(28, 1));

    areas.name_text("WORD", "word");
    areas.name_text("LONG", &"ö".repeat(1_500));
    areas
}
