//! Fuzzes events made from the schemas, with and without faults.

use serde_json::{Map, Value, json};
use spektr_codegen::model::{Member, Model, Ty, TypeKind};
use spektr_types::Entry;

use crate::schema::SET;

/// Makes an event of the schemas from the input bytes. An event without a fault must decode as that
/// event, even if it shares its wire type: the discriminator is required unless the wire type is
/// the event's canonical one. A decoded event must be the same after encoding and decoding it
/// again.
pub(crate) fn event(input: &[u8]) {
    let model = SET.model();
    let mut maker = Maker { model, input: input.iter(), has_fault: false };
    let event = &model.events[usize::from(maker.byte()) % model.events.len()];
    let wire_types: Vec<_> = event.wire_types.iter().collect();
    let wire_type = wire_types[usize::from(maker.byte()) % wire_types.len()];
    let mut members = maker.object(&model.envelope);
    members.extend(maker.object(&event.members));
    members.insert("type".to_owned(), wire_type.as_str().into());
    let text = Value::Object(members).to_string();

    let entry = Entry::from_json(&text).expect("it is JSON");
    assert_eq!(entry.wire_type().as_deref(), Some(wire_type.as_str()));
    match entry.decode() {
        Ok(decoded) => {
            let info = decoded.event_type().info().expect("the wire type is known");
            assert!(info.wire_types().iter().any(|one| one == wire_type), "{text}");
            assert!(maker.has_fault || info.name() == event.name, "{}: {text}", info.name());
            let encoded = serde_json::to_string(&decoded).expect("an event is JSON");
            let again = Entry::from_json(&encoded).expect("it is JSON").decode();
            assert_eq!(again.as_ref(), Ok(&decoded), "{encoded}");
        }
        Err(error) => assert!(maker.has_fault, "{error}: {text}"),
    }
}

/// Makes values of the types in a schema, chosen by the input bytes.
struct Maker<'a> {
    model: &'a Model,
    input: std::slice::Iter<'a, u8>,
    /// Whether a made value violates the schema.
    has_fault: bool,
}

impl Maker<'_> {
    /// Returns the next byte, or 0 at the end of the input.
    fn byte(&mut self) -> u8 {
        self.input.next().copied().unwrap_or_default()
    }

    fn object(&mut self, members: &[Member]) -> Map<String, Value> {
        let mut object = Map::new();
        for member in members {
            let names: Vec<_> = std::iter::once(&member.name).chain(&member.aliases).collect();
            let name = match names.len() {
                1 => names[0],
                count => names[usize::from(self.byte()) % count],
            };
            let value = match self.byte() {
                byte @ 240.. => {
                    self.has_fault = true;
                    self.anything(byte)
                }
                200..240 if !member.required => Value::Null,
                160..200 if !member.required => continue,
                _ => self.value(&member.ty),
            };
            object.insert(name.clone(), value);
        }
        if self.byte() > 200 {
            object.insert("aMemberThatNoSchemaKnows".to_owned(), json!([1, { "a": null }]));
        }
        object
    }

    fn value(&mut self, ty: &Ty) -> Value {
        let number = i64::from(self.byte()) * 4_311_810_305;
        match ty {
            Ty::String => self.text().into(),
            Ty::Boolean => (number % 2 == 0).into(),
            Ty::Integer => number.into(),
            Ty::Number => json!(number as f64 / 8.0),
            Ty::Array(items) => {
                let count = self.byte() % 4;
                (0..count).map(|_| self.value(items)).collect()
            }
            Ty::Map => json!({ self.text(): self.text(), "null": null }),
            Ty::Raw => {
                let byte = self.byte();
                // Null counts as absent, which a required member must not be.
                if byte.is_multiple_of(8) { json!(17) } else { self.anything(byte) }
            }
            Ty::Named(name) => match self.model.types.get(name).map(|def| &def.kind) {
                Some(TypeKind::Object(members)) => Value::Object(self.object(members)),
                Some(TypeKind::Timestamp) => number.into(),
                Some(TypeKind::Delivered) => true.into(),
                Some(TypeKind::OpenEnum(known)) if !known.is_empty() && number % 3 > 0 => {
                    known[usize::from(self.byte()) % known.len()].value.clone().into()
                }
                _ => self.text().into(),
            },
            other => unreachable!("{other} is not made"),
        }
    }

    fn text(&mut self) -> String {
        let texts =
            ["", "e1", "é😀\u{0}", "\"\\\u{7f}", "a text that is somewhat longer than the others"];
        texts[usize::from(self.byte()) % texts.len()].to_owned()
    }

    fn anything(&mut self, byte: u8) -> Value {
        match byte % 8 {
            0 => Value::Null,
            1 => (-1.5).into(),
            2 => u64::MAX.into(),
            3 => self.text().into(),
            4 => json!([]),
            5 => json!({}),
            6 => json!([{ "a": [false] }]),
            _ => json!({ "type": "x", "data": { "data": null } }),
        }
    }
}
