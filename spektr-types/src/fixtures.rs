//! Examples of every event, for your own tests (feature `fixtures`).
//!
//! A test starts from a delivery as it arrives, changes what it is about, and takes it
//! as bytes, as an entry's text, or decoded. Examples are those of the schema folder and
//! those that follow from them, [`FULL`] among them for every event. One that differs
//! from the full one at a single place is made with [`Fixture::set`] and
//! [`Fixture::remove`].
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

use crate::{Entry, EntryError, Event, EventInfo, EventType, KnownEvent};

/// The case that shows every member that the schema knows.
pub const FULL: &str = "full";

/// The name under which events are found that the schema does not know.
pub const UNKNOWN: &str = "unknown";

#[derive(Default, Deserialize)]
struct Embedded {
    /// By documented name of the event, and by case.
    #[serde(borrow)]
    examples: BTreeMap<&'static str, BTreeMap<&'static str, &'static RawValue>>,
}

static EMBEDDED: LazyLock<Embedded> = LazyLock::new(|| {
    // The file comes with the crate, and a test reads all of it.
    serde_json::from_str(include_str!("generated/fixtures.json")).unwrap_or_default()
});

/// An example, possibly changed.
#[derive(Clone)]
pub struct Fixture {
    name: &'static str,
    case: &'static str,
    json: Result<Json, FixtureError>,
}

#[derive(Clone)]
enum Json {
    /// As the example is written.
    Text(&'static str),
    Changed(Value),
}

impl Fixture {
    /// Returns the full example of an event.
    pub fn of<E: KnownEvent>() -> Self {
        let name = E::EVENT_TYPE.info().map_or(UNKNOWN, EventInfo::name);
        Self::case(name, FULL)
    }

    /// Returns an example by the documented name of its event, as `ALERT_RESOLVED`, or
    /// by [`UNKNOWN`], and by its case. If there is none, whatever is made of it is a
    /// [`FixtureError::NoExample`].
    pub fn case(name: &str, case: &str) -> Self {
        let cases = EMBEDDED.examples.get_key_value(name);
        let found = cases.and_then(|(name, cases)| {
            let (case, json) = cases.get_key_value(case)?;
            Some(Self { name, case, json: Ok(Json::Text(json.get())) })
        });
        let none = Self { name: "", case: "", json: Err(FixtureError::NoExample) };
        found.unwrap_or(none)
    }

    /// Returns all examples: those of every event, and those of unknown ones.
    pub fn all() -> impl Iterator<Item = Self> {
        EMBEDDED.examples.iter().flat_map(|(name, cases)| {
            cases.iter().map(|(case, json)| {
                let json = Ok(Json::Text(json.get()));
                Self { name, case, json }
            })
        })
    }

    /// Returns the documented name of the event, or [`UNKNOWN`].
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// Returns the case, as `full`.
    pub fn case_name(&self) -> &'static str {
        self.case
    }

    /// Puts a value at a JSON pointer (RFC 6901): in the place of what is there, as a
    /// new member of an object, or with the last token `-` at the end of a list. The
    /// members of a changed example come in the order of their names.
    pub fn set(self, pointer: &str, value: impl Into<Value>) -> Self {
        self.change(pointer, |parent, token| {
            match parent {
                Value::Object(members) => {
                    members.insert(token.to_owned(), value.into());
                }
                Value::Array(elements) if token == "-" => elements.push(value.into()),
                Value::Array(elements) => *elements.get_mut(index(token)?)? = value.into(),
                _ => return None,
            }
            Some(())
        })
    }

    /// Takes away the member or element at a JSON pointer.
    pub fn remove(self, pointer: &str) -> Self {
        self.change(pointer, |parent, token| match parent {
            Value::Object(members) => members.remove(token).map(drop),
            Value::Array(elements) => {
                let index = index(token).filter(|index| *index < elements.len())?;
                elements.remove(index);
                Some(())
            }
            _ => None,
        })
    }

    fn change(self, pointer: &str, apply: impl FnOnce(&mut Value, &str) -> Option<()>) -> Self {
        let Self { name, case, json } = self;
        let json = json.and_then(|json| {
            let mut value = match json {
                Json::Text(text) => {
                    serde_json::from_str(text).map_err(|_| FixtureError::NoExample)?
                }
                Json::Changed(value) => value,
            };
            let (parent, token) = pointer.rsplit_once('/').unwrap_or_default();
            let token = token.replace("~1", "/").replace("~0", "~");
            let is_pointer = pointer.starts_with('/');
            let parent = value.pointer_mut(parent).filter(|_| is_pointer);
            match parent.and_then(|parent| apply(parent, &token)) {
                Some(()) => Ok(Json::Changed(value)),
                None => Err(FixtureError::NoSuchPlace { pointer: pointer.to_owned() }),
            }
        });
        Self { name, case, json }
    }

    /// Returns the JSON of the entry.
    ///
    /// # Errors
    ///
    /// [`FixtureError::NoExample`] or [`FixtureError::NoSuchPlace`], if the first step
    /// that failed was one of those.
    pub fn json(&self) -> Result<String, FixtureError> {
        match &self.json {
            Ok(Json::Text(text)) => Ok((*text).to_owned()),
            Ok(Json::Changed(value)) => Ok(value.to_string()),
            Err(error) => Err(error.clone()),
        }
    }

    /// Decodes the entry: as an [`Event`], or as the struct of one.
    ///
    /// # Errors
    ///
    /// Those of [`json`](Self::json), [`FixtureError::Malformed`], and
    /// [`FixtureError::OtherEvent`] if it is another event than the struct's.
    pub fn event<E: TryFrom<Event>>(&self) -> Result<E, FixtureError> {
        let json = self.json()?;
        let entry = Entry::from_json(&json).map_err(|_| FixtureError::NoExample)?;
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
/// Those of [`Fixture::json`], for the first fixture that has one.
pub fn batch(entries: impl IntoIterator<Item = Fixture>) -> Result<String, FixtureError> {
    let entries: Result<Vec<_>, _> = entries.into_iter().map(|entry| entry.json()).collect();
    Ok(format!(r#"{{"results":[{}]}}"#, entries?.join(",")))
}

/// Reads a token as a place in a list, as RFC 6901 has it.
fn index(token: &str) -> Option<usize> {
    let is_plain = token == "0" || !token.starts_with(['0', '+']);
    token.parse().ok().filter(|_| is_plain)
}

/// Why nothing can be made of a fixture.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FixtureError {
    /// There is no example of this name and case.
    NoExample,
    /// A pointer leads to no place where something is or can be put.
    NoSuchPlace {
        /// The pointer.
        pointer: String,
    },
    /// The entry cannot be decoded, which may be what a test is about.
    Malformed(EntryError),
    /// The entry is another event.
    OtherEvent {
        /// Which it is.
        found: EventType,
    },
}

impl fmt::Display for FixtureError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoExample => f.write_str("there is no example of this name and case"),
            Self::NoSuchPlace { pointer } => {
                write!(f, "the example has no place {pointer:?}")
            }
            Self::Malformed(_) => f.write_str("the example cannot be decoded"),
            Self::OtherEvent { found } => write!(f, "the example is another event, {found}"),
        }
    }
}

impl std::error::Error for FixtureError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Malformed(error) => Some(error),
            _ => None,
        }
    }
}
