//! Compares live traffic with the schema.
//!
//! A report names places and JSON types, never values, so that it can be attached to a ticket.
//! It shows member names only of objects that the schema describes, and only if they look like
//! names: the keys of free key-value objects can reveal as much about a person as the values.

mod canonical;
mod schemas;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use jsonschema::ValidationError;
use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::paths::LocationSegment;
use serde_json::Value;
use spektr_types::{Entry, EntryError, EntryErrorKind, EventInfo, JsonType, catalogue};

use canonical::Canonical;
use schemas::EventSchema;

/// Compares entries with the schema files that this crate was built from.
///
/// Compiling the schemas takes a few milliseconds, so create one value and keep it.
///
/// # Examples
///
/// ```
/// use spektr_types::Entries;
/// use spektr_verify::conformance::Conformance;
///
/// let conformance = Conformance::new();
/// let body = br#"{"id":"e1","spektrId":"s1","type":"alert_resolved","createdAt":"yesterday",
///     "data":{"contextId":"c1","processId":"p1","userId":"u1","alertName":"Sanctions","severity":3}}"#;
/// for entry in &Entries::parse(body)? {
///     assert_eq!(conformance.check(entry).to_string(), "\
/// ALERT_RESOLVED: /createdAt: expected number, found string
/// ALERT_RESOLVED: /data/alertId: missing
/// ALERT_RESOLVED: /data/severity: unexpected member of type integer");
/// }
/// # Ok::<(), spektr_types::BodyError>(())
/// ```
#[derive(Debug)]
pub struct Conformance {
    schemas: Vec<EventSchema>,
}

/// The result of [`Conformance::check`] for one entry.
///
/// `Display` writes one line per difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    event: Option<&'static str>,
    drift: Vec<Drift>,
    omitted: usize,
}

/// One difference between an entry and the schema.
///
/// Places are JSON pointers into the entry as it arrived, with `*` for the elements of a list.
/// So a difference that all elements have is reported once.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Drift {
    /// The schema does not know the wire type.
    UnknownEvent {
        /// The wire type, unless it does not look like a name.
        wire_type: Option<String>,
    },
    /// The schema does not know a member.
    UnexpectedMember {
        /// The member's place.
        pointer: String,
        /// The member's type.
        found: JsonType,
    },
    /// A required member is missing.
    MissingMember {
        /// The member's place.
        pointer: String,
    },
    /// A value has a type that the schema does not allow there.
    TypeChanged {
        /// The value's place.
        pointer: String,
        /// The types that the schema allows.
        expected: Vec<JsonType>,
        /// The value's type.
        found: JsonType,
    },
    /// A text is not one of the values that the schema knows for it.
    UnknownValue {
        /// The text's place.
        pointer: String,
    },
    /// The entry is nested too deep, or contains a lone surrogate or a number out of range.
    Unreadable,
}

impl Conformance {
    /// Compiles the schemas.
    #[must_use]
    pub fn new() -> Self {
        Self { schemas: schemas::compile() }
    }

    /// Compares an entry with the schema of its event.
    ///
    /// Both documented envelopes are accepted, and so are accepted aliases of members and wire
    /// types. If a wire type can mean several events and the entry cannot be decoded, the entry
    /// is compared with the event from which it differs least.
    #[must_use]
    pub fn check(&self, entry: &Entry<'_>) -> Report {
        let decoded = entry.decode();
        let Some(wire_type) = entry.wire_type() else {
            let drift = decoded.as_ref().map_or_else(unnamed, |_| Drift::Unreadable);
            return Report::one(None, drift);
        };
        let name = decoded.as_ref().ok().map(|event| event.event_type());
        let candidates: Vec<&EventInfo> = catalogue()
            .filter(|info| info.has_wire_type(&wire_type))
            .filter(|info| name.as_ref().is_none_or(|name| info.event_type() == name))
            .collect();
        if serde_json::from_str::<Value>(entry.raw()).is_err() {
            let event = if let [info] = candidates[..] { Some(info.name()) } else { None };
            return Report::one(event, Drift::Unreadable);
        }
        let reports = candidates.into_iter().filter_map(|info| {
            let schema = self.schemas.iter().find(|schema| schema.event == info.name())?;
            let canonical = Canonical::new(entry, info, schema);
            Some(differences(schema, &canonical).report(info.name()))
        });
        reports.min_by_key(|report| report.drift.len()).unwrap_or_else(|| {
            let wire_type = is_name(&wire_type).then(|| wire_type.into_owned());
            Report::one(None, Drift::UnknownEvent { wire_type })
        })
    }
}

impl Default for Conformance {
    fn default() -> Self {
        Self::new()
    }
}

impl Report {
    /// The limit of listed differences.
    pub const MAX_DRIFT: usize = 100;

    /// Makes the report for an entry that cannot be compared with an event.
    fn one(event: Option<&'static str>, drift: Drift) -> Self {
        Self { event, drift: vec![drift], omitted: 0 }
    }

    /// Returns the documented name of the event that the entry was compared with. Returns the
    /// name even if the entry could not be compared, if only one event is possible.
    #[must_use]
    pub fn event(&self) -> Option<&'static str> {
        self.event
    }

    /// Returns the differences, each once, sorted by their texts.
    pub fn drift(&self) -> impl ExactSizeIterator<Item = &Drift> {
        self.drift.iter()
    }

    /// Returns how many findings are not listed, because they are not among the first
    /// [`MAX_DRIFT`](Self::MAX_DRIFT) distinct findings.
    #[must_use]
    pub fn omitted(&self) -> usize {
        self.omitted
    }

    /// Returns whether there are no differences.
    #[must_use]
    pub fn conforms(&self) -> bool {
        self.drift.is_empty()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let event = self.event.unwrap_or("unknown event");
        if self.conforms() {
            return write!(f, "{event}: as documented");
        }
        for (index, drift) in self.drift.iter().enumerate() {
            let line_feed = if index > 0 { "\n" } else { "" };
            write!(f, "{line_feed}{event}: {drift}")?;
        }
        if self.omitted > 0 {
            write!(f, "\n{event}: {} more findings are not listed", self.omitted)?;
        }
        Ok(())
    }
}

impl fmt::Display for Drift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownEvent { wire_type: Some(wire_type) } => {
                write!(f, "the wire type {wire_type} is not in the schema")
            }
            Self::UnknownEvent { wire_type: None } => {
                f.write_str("the wire type is not in the schema")
            }
            Self::UnexpectedMember { pointer, found } => {
                write!(f, "{pointer}: unexpected member of type {found}")
            }
            Self::MissingMember { pointer } => write!(f, "{pointer}: missing"),
            Self::TypeChanged { pointer, expected, found } => {
                let expected: Vec<_> = expected.iter().map(|expected| expected.as_str()).collect();
                write!(f, "{pointer}: expected {}, found {found}", expected.join(" or "))
            }
            Self::UnknownValue { pointer } => write!(f, "{pointer}: not one of the known values"),
            Self::Unreadable => f.write_str(
                "cannot be compared: it is nested too deep, or contains a lone surrogate or a number out of range",
            ),
        }
    }
}

/// The findings about an entry, each once, up to the limit of a report: an entry can have as
/// many differences as bytes.
#[derive(Default)]
struct DriftFindings {
    /// The differences, in the order of their texts, as in the report.
    drift: BTreeMap<String, Drift>,
    omitted: usize,
}

impl DriftFindings {
    fn add(&mut self, drift: Drift) {
        let text = drift.to_string();
        if self.drift.len() < Report::MAX_DRIFT || self.drift.contains_key(&text) {
            self.drift.insert(text, drift);
        } else {
            self.omitted += 1;
        }
    }

    fn report(mut self, event: &'static str) -> Report {
        // A value of the wrong type is also an unknown value. Report it once.
        let wrong: BTreeSet<_> = self
            .drift
            .values()
            .filter_map(|drift| match drift {
                Drift::TypeChanged { pointer, .. } => Some(pointer.clone()),
                _ => None,
            })
            .collect();
        self.drift.retain(
            |_, drift| !matches!(drift, Drift::UnknownValue { pointer } if wrong.contains(pointer)),
        );
        let drift = self.drift.into_values().collect();
        Report { event: Some(event), drift, omitted: self.omitted }
    }
}

fn differences(schema: &EventSchema, canonical: &Canonical) -> DriftFindings {
    let mut findings = DriftFindings::default();
    for error in schema.validator.iter_errors(canonical.value()) {
        collect(&error, canonical, &mut findings);
    }
    for (name, value) in &canonical.rest {
        let pointer = format!("{}/{}", canonical.rest_at, shown(name));
        findings.add(Drift::UnexpectedMember { pointer, found: json_type(value) });
    }
    findings
}

fn collect(error: &ValidationError<'_>, canonical: &Canonical, findings: &mut DriftFindings) {
    let pointer = || canonical.pointer(error.instance_path().into_iter());
    match error.kind() {
        ValidationErrorKind::AdditionalProperties { unexpected } => {
            for name in unexpected {
                let at = error.instance_path().into_iter();
                let member = LocationSegment::Property(shown(name).into());
                findings.add(Drift::UnexpectedMember {
                    pointer: canonical.pointer(at.chain([member])),
                    found: error.instance().get(name).map_or(JsonType::Null, json_type),
                });
            }
        }
        ValidationErrorKind::Required { property } => {
            let name = property.as_str().unwrap_or_default();
            let at = error.instance_path().into_iter();
            let member = LocationSegment::Property(name.into());
            findings.add(Drift::MissingMember { pointer: canonical.pointer(at.chain([member])) });
        }
        ValidationErrorKind::Type { kind } => findings.add(Drift::TypeChanged {
            pointer: pointer(),
            expected: match kind {
                TypeKind::Single(one) => vec![of_schema(*one)],
                TypeKind::Multiple(several) => several.iter().map(of_schema).collect(),
            },
            found: json_type(error.instance()),
        }),
        ValidationErrorKind::Enum { .. } => {
            findings.add(Drift::UnknownValue { pointer: pointer() });
        }
        // A nullable value has a choice in its schema, with null as the last alternative.
        // Report the errors of the first alternative.
        ValidationErrorKind::AnyOf { context } => {
            for error in context.first().into_iter().flatten() {
                collect(error, canonical, findings);
            }
        }
        // No other keyword of the schema dialect can fail.
        _ => findings.add(Drift::Unreadable),
    }
}

/// Returns the text that a report shows for a member's name.
fn shown(name: &str) -> &str {
    if is_name(name) { name } else { "(a name that is not shown)" }
}

/// Returns the difference for an entry without a wire type, which could not be decoded.
fn unnamed(error: &EntryError) -> Drift {
    let pointer = error.pointer().to_owned();
    match error.kind() {
        EntryErrorKind::Missing => Drift::MissingMember { pointer },
        EntryErrorKind::WrongType { expected, found } => {
            Drift::TypeChanged { pointer, expected: vec![*expected], found: *found }
        }
        _ => Drift::Unreadable,
    }
}

fn json_type(value: &Value) -> JsonType {
    match value {
        Value::Null => JsonType::Null,
        Value::Bool(_) => JsonType::Boolean,
        Value::Number(number) if number.is_f64() => JsonType::Number,
        Value::Number(_) => JsonType::Integer,
        Value::String(_) => JsonType::String,
        Value::Array(_) => JsonType::Array,
        Value::Object(_) => JsonType::Object,
    }
}

fn of_schema(type_: jsonschema::JsonType) -> JsonType {
    match type_ {
        jsonschema::JsonType::Null => JsonType::Null,
        jsonschema::JsonType::Boolean => JsonType::Boolean,
        jsonschema::JsonType::Integer => JsonType::Integer,
        jsonschema::JsonType::Number => JsonType::Number,
        jsonschema::JsonType::String => JsonType::String,
        jsonschema::JsonType::Array => JsonType::Array,
        jsonschema::JsonType::Object => JsonType::Object,
    }
}

/// Returns whether a text looks like the name of a member or an event, and not like something
/// that somebody typed in.
fn is_name(text: &str) -> bool {
    const LONGEST: usize = 64;
    text.len() <= LONGEST
        && text.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && text.chars().all(|next| next.is_ascii_alphanumeric() || matches!(next, '_' | '-' | '.'))
}
