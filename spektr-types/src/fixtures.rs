//! Examples of every event, for your own tests (feature `fixtures`).
//!
//! A test starts from an example of a delivery, changes the members that the test is about, and
//! takes the result as bytes, as an entry's text, or decoded. The examples are those of the
//! schema folder and those generated from the schema; every event has the example [`FULL`].
//! [`Fixture::set`] and [`Fixture::remove`] change an example at a single place.
//!
//! # Examples
//!
//! ```
//! use spektr_types::fixtures::{Fixture, batch};
//! use spektr_types::{AlertResolved, CustomerTagAdded, Entries};
//!
//! let alert: AlertResolved = Fixture::of::<AlertResolved>().set("/data/alertId", "a9").event()?;
//! assert_eq!(alert.data.alert_id, "a9");
//!
//! let no_user = Fixture::of::<CustomerTagAdded>().remove("/data/userId");
//! let body = batch([no_user, Fixture::of::<AlertResolved>().set("/id", "e2")])?;
//! assert_eq!(Entries::parse(body.as_bytes())?.len(), 2);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::collections::BTreeMap;
use std::fmt;
use std::sync::LazyLock;

use serde::Deserialize;
use serde_json::Value;
use serde_json::value::RawValue;

use crate::pointer::tokens;
use crate::{BodyError, Entry, EntryError, Event, EventInfo, EventType, KnownEvent};

/// The case that has every member that the schema knows.
pub const FULL: &str = "full";

/// The name of the examples of events that the schema does not know.
pub const UNKNOWN: &str = "unknown";

#[derive(Deserialize)]
struct Embedded {
    /// Examples by documented name of the event, and by case.
    #[serde(borrow)]
    examples: BTreeMap<&'static str, BTreeMap<&'static str, &'static RawValue>>,
}

static EMBEDDED: LazyLock<Result<Embedded, FixtureError>> =
    LazyLock::new(|| embedded(include_str!("generated/fixtures.json")));

/// Reads the file of examples that is embedded in the crate.
fn embedded(text: &'static str) -> Result<Embedded, FixtureError> {
    serde_json::from_str(text).map_err(|error| unreadable(&error))
}

fn unreadable(error: &serde_json::Error) -> FixtureError {
    FixtureError::Unreadable { line: error.line(), column: error.column() }
}

/// An example, possibly changed.
#[derive(Clone)]
pub struct Fixture {
    name: &'static str,
    case: &'static str,
    json: Result<FixtureJson, FixtureError>,
}

#[derive(Clone)]
enum FixtureJson {
    /// The text of an unchanged example.
    Text(&'static str),
    Changed(Value),
}

impl Fixture {
    /// Returns the full example of an event.
    pub fn of<E: KnownEvent>() -> Self {
        let name = E::EVENT_TYPE.info().map_or(UNKNOWN, EventInfo::name);
        Self::case(name, FULL)
    }

    /// Returns the example of an event and a case. `name` is the event's documented name, such
    /// as `ALERT_RESOLVED`, or [`UNKNOWN`]. If there is no such example, [`json`](Self::json)
    /// and [`event`](Self::event) return [`FixtureError::NoExample`].
    pub fn case(name: &str, case: &str) -> Self {
        Self::find(&EMBEDDED, name, case).unwrap_or_else(|error| Self {
            name: "",
            case: "",
            json: Err(error),
        })
    }

    fn find(
        embedded: &'static Result<Embedded, FixtureError>,
        name: &str,
        case: &str,
    ) -> Result<Self, FixtureError> {
        let examples = &embedded.as_ref().map_err(FixtureError::clone)?.examples;
        let (name, cases) = examples.get_key_value(name).ok_or(FixtureError::NoExample)?;
        let (case, json) = cases.get_key_value(case).ok_or(FixtureError::NoExample)?;
        Ok(Self { name, case, json: Ok(FixtureJson::Text(json.get())) })
    }

    /// Returns all examples: those of every known event, and those of unknown events.
    pub fn all() -> impl Iterator<Item = Self> {
        let examples = EMBEDDED.iter().flat_map(|embedded| &embedded.examples);
        examples.flat_map(|(name, cases)| {
            cases.iter().map(|(case, json)| {
                let json = Ok(FixtureJson::Text(json.get()));
                Self { name, case, json }
            })
        })
    }

    /// Returns the documented name of the event, or [`UNKNOWN`].
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the case, such as `full`.
    pub fn case_name(&self) -> &'static str {
        self.case
    }

    /// Sets the value at a JSON pointer (RFC 6901). The value replaces an existing one, becomes
    /// a new member of an object, or, with the last token `-`, a new last element of a list.
    /// The members of a changed example are in the order of their names.
    pub fn set(self, pointer: &str, value: impl Into<Value>) -> Self {
        self.change(pointer, |parent, token| {
            match parent {
                Value::Object(members) => {
                    members.insert(token.to_owned(), value.into());
                }
                Value::Array(elements) if token == "-" => elements.push(value.into()),
                Value::Array(elements) => *element(elements, token)?.1 = value.into(),
                _ => return Err(NoPlace::InNothing),
            }
            Ok(())
        })
    }

    /// Removes the member or element at a JSON pointer.
    pub fn remove(self, pointer: &str) -> Self {
        self.change(pointer, |parent, token| match parent {
            Value::Object(members) => members.remove(token).map(drop).ok_or(NoPlace::NoMember),
            Value::Array(elements) => {
                let (index, _) = element(elements, token)?;
                elements.remove(index);
                Ok(())
            }
            _ => Err(NoPlace::InNothing),
        })
    }

    fn change(
        self,
        pointer: &str,
        apply: impl FnOnce(&mut Value, &str) -> Result<(), NoPlace>,
    ) -> Self {
        let Self { name, case, json } = self;
        let json = json.and_then(|json| {
            let mut value = match json {
                FixtureJson::Text(text) => {
                    serde_json::from_str(text).map_err(|it| unreadable(&it))?
                }
                FixtureJson::Changed(value) => value,
            };
            let place = match (pointer.rsplit_once('/'), tokens(pointer).as_deref()) {
                (Some((parent, _)), Some([.., token])) => {
                    let parent = value.pointer_mut(parent).ok_or(NoPlace::NoParent);
                    parent.and_then(|parent| apply(parent, token))
                }
                _ => Err(NoPlace::NoPointer),
            };
            let error = |why| FixtureError::NoSuchPlace { pointer: pointer.to_owned(), why };
            place.map(|()| FixtureJson::Changed(value)).map_err(error)
        });
        Self { name, case, json }
    }

    /// Returns the JSON of the entry.
    ///
    /// # Errors
    ///
    /// Returns the error of the step that failed first: [`FixtureError::NoExample`],
    /// [`FixtureError::NoSuchPlace`] or [`FixtureError::Unreadable`].
    pub fn json(&self) -> Result<String, FixtureError> {
        match &self.json {
            Ok(FixtureJson::Text(text)) => Ok((*text).to_owned()),
            Ok(FixtureJson::Changed(value)) => Ok(value.to_string()),
            Err(error) => Err(error.clone()),
        }
    }

    /// Decodes the entry: as an [`Event`], or as the struct of one event.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`json`](Self::json), [`FixtureError::NotAnEntry`],
    /// [`FixtureError::Malformed`], and [`FixtureError::OtherEvent`] if the entry is another
    /// event than the struct's.
    pub fn event<E: TryFrom<Event>>(&self) -> Result<E, FixtureError> {
        let json = self.json()?;
        let entry = Entry::from_json(&json).map_err(FixtureError::NotAnEntry)?;
        let event = entry.decode().map_err(FixtureError::Malformed)?;
        let found = event.event_type();
        E::try_from(event).map_err(|_| FixtureError::OtherEvent { found })
    }
}

impl fmt::Debug for Fixture {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fixture({}/{})", self.name, self.case)
    }
}

/// Returns the body of a delivery with these entries.
///
/// # Errors
///
/// Returns the error of [`Fixture::json`] for the first fixture that has an error.
pub fn batch(entries: impl IntoIterator<Item = Fixture>) -> Result<String, FixtureError> {
    let entries: Result<Vec<_>, _> = entries.into_iter().map(|entry| entry.json()).collect();
    Ok(format!(r#"{{"results":[{}]}}"#, entries?.join(",")))
}

/// Returns the element of a list at an index token of RFC 6901, and its index.
fn element<'v>(elements: &'v mut [Value], token: &str) -> Result<(usize, &'v mut Value), NoPlace> {
    let is_plain = token == "0" || !token.starts_with(['0', '+']);
    let index = token.parse().ok().filter(|_| is_plain).ok_or(NoPlace::NoElement)?;
    elements.get_mut(index).map(|element| (index, element)).ok_or(NoPlace::NoElement)
}

/// The reason why a fixture gives no entry.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FixtureError {
    /// There is no example of this name and case.
    NoExample,
    /// The examples embedded in the crate cannot be read, which is a bug of the crate.
    Unreadable {
        /// Line of the first invalid byte, counted from 1.
        line: usize,
        /// Column of that byte, in bytes, counted from 1.
        column: usize,
    },
    /// A pointer does not lead to a place with a value, or where a value can be set.
    NoSuchPlace {
        /// The pointer.
        pointer: String,
        /// The fault of the pointer.
        why: NoPlace,
    },
    /// The text of the example is not one JSON value, or is too large.
    NotAnEntry(BodyError),
    /// The entry cannot be decoded. A test of malformed entries expects this.
    Malformed(EntryError),
    /// The entry is another event.
    OtherEvent {
        /// The event type of the entry.
        found: EventType,
    },
}

/// The reason why a pointer does not lead to a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NoPlace {
    /// The pointer does not begin with a slash.
    NoPointer,
    /// There is no value at the pointer's parent, the pointer without its last token.
    NoParent,
    /// The value at the pointer's parent is neither an object nor a list.
    InNothing,
    /// The object has no such member to remove.
    NoMember,
    /// The list has no such element.
    NoElement,
}

impl fmt::Display for NoPlace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NoPointer => "a JSON pointer begins with a slash",
            Self::NoParent => "the parent does not exist",
            Self::InNothing => "the parent is neither an object nor a list",
            Self::NoMember => "the object has no such member",
            Self::NoElement => "the list has no such element",
        })
    }
}

impl fmt::Display for FixtureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoExample => f.write_str("there is no example of this name and case"),
            Self::Unreadable { line, column } => {
                write!(f, "the crate's examples cannot be read: line {line}, column {column}")
            }
            Self::NoSuchPlace { pointer, why } => {
                write!(f, "the example has no place {pointer:?}: {why}")
            }
            Self::NotAnEntry(_) => f.write_str("the example is not an entry"),
            Self::Malformed(_) => f.write_str("the example cannot be decoded"),
            Self::OtherEvent { found } => write!(f, "the example is another event, {found}"),
        }
    }
}

impl std::error::Error for FixtureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            Self::NotAnEntry(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_that_cannot_be_read_are_an_error_with_the_place() {
        static BROKEN: LazyLock<Result<Embedded, FixtureError>> =
            LazyLock::new(|| embedded("{\"examples\":\n{\"A\":7}}"));
        let error = FixtureError::Unreadable { line: 2, column: 6 };
        assert_eq!(Fixture::find(&BROKEN, "A", FULL).map(drop), Err(error));
    }
}
