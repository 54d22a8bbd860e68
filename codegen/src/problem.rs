//! What can be wrong with the schema files: where, what, and what to do.

use std::fmt;

/// Everything that is wrong with a set of schema files, at least one problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Sorts the problems by place; `Ok` where there are none.
    pub(crate) fn into_result(mut problems: Vec<Problem>) -> Result<(), Problems> {
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort_by(|a, b| (&a.file, &a.pointer).cmp(&(&b.file, &b.pointer)));
        let mut unique: Vec<Problem> = Vec::new();
        for problem in problems {
            // One fault can be met twice on the way through a file.
            if !unique.contains(&problem) {
                unique.push(problem);
            }
        }
        Err(Problems(unique))
    }

    /// Returns the problems, by file and place.
    pub fn iter(&self) -> std::slice::Iter<'_, Problem> {
        self.0.iter()
    }
}

impl From<Problem> for Problems {
    fn from(problem: Problem) -> Self {
        Self(vec![problem])
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, problem) in self.0.iter().enumerate() {
            if index > 0 {
                writeln!(f)?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

/// One thing that is wrong, and its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}#{pointer}: {kind}\n    {}", kind.remedy())]
#[non_exhaustive]
pub struct Problem {
    /// Path below the schema folder.
    pub file: String,
    /// JSON pointer into that file; empty for the whole of it.
    pub pointer: String,
    /// What is wrong.
    pub kind: ProblemKind,
}

/// What is wrong.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file is not JSON, or has a member twice.
    #[error("not valid JSON: {0}")]
    NotJson(String),
    /// A file stands where no schema is expected.
    #[error("a schema file stands where none belongs")]
    Misplaced,
    /// A file that every set of schemas has is not there.
    #[error("the file of {0} is missing")]
    MissingFile(Required),
    /// A keyword is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A description is missing or empty.
    #[error("this has no description")]
    MissingDescription,
    /// A keyword has a value of the wrong JSON type.
    #[error("{found} does not belong here")]
    WrongType {
        /// What the dialect has there.
        expected: &'static str,
        /// The type that is there.
        found: &'static str,
    },
    /// A keyword has a value that the dialect does not know.
    #[error("`{found}` does not belong here")]
    WrongValue {
        /// What the dialect has there.
        expected: String,
        /// The value that is there.
        found: String,
    },
    /// A keyword is not part of the dialect, or not in this place.
    #[error("the keyword `{0}` is outside the dialect here")]
    Keyword(String),
    /// A schema whose keywords fit no form of the dialect.
    #[error("this is none of the forms that a member can have")]
    UnknownForm,
    /// A `$ref` that leads nowhere, or to what is another file's own.
    #[error("`$ref` leads to `{0}`, where this file has nothing to refer to")]
    DanglingRef(String),
    /// A name that cannot become a Rust name.
    #[error("{named} `{name}` cannot become a Rust name")]
    NotAnIdentifier {
        /// What has the name.
        named: Named,
        /// The name.
        name: String,
    },
    /// A name that the generated crate uses for something else.
    #[error("the name `{0}` belongs to Rust's prelude or to the generated crate's own items")]
    ReservedName(String),
    /// A name that stands elsewhere too, or becomes the same name in Rust.
    #[error("{named} `{name}` clashes with {other}")]
    Duplicate {
        /// What has the name.
        named: Named,
        /// The name.
        name: String,
        /// What it clashes with.
        other: String,
    },
    /// Two events share a wire type, and a discriminator of one is in both.
    #[error(
        "`{wire_type}` can mean {other} too, and `{discriminator}`, which is to tell them apart, stands in both"
    )]
    OverlappingDiscriminators {
        /// The shared wire type.
        wire_type: String,
        /// The other event's file.
        other: String,
        /// The discriminator that both have.
        discriminator: String,
    },
    /// Discriminators of an event that shares no wire type.
    #[error(
        "these members tell the event from no other: no other event has a wire type of this one"
    )]
    UnusedDiscriminators,
    /// A JSON pointer in the schema that leads nowhere.
    #[error("{what} points to `{pointer}`, where nothing is")]
    DanglingPointer {
        /// Whose pointer it is.
        what: &'static str,
        /// The pointer.
        pointer: String,
    },
    /// `required` names a member that does not exist.
    #[error("`required` names `{0}`, which is not among the properties")]
    RequiredUnknown(String),
    /// A member that is required and nullable, or neither.
    #[error("{0}")]
    Nullability(Nullability),
    /// An envelope's member differs from the same member of the other envelope.
    #[error(
        "`{0}` has another type or other aliases in the type envelope, or is required in one of the two only"
    )]
    EnvelopesDiffer(String),
    /// Types that contain each other without a list in between.
    #[error("the type contains itself, by way of {0}")]
    Cycle(String),
    /// An event has no example with all of its members.
    #[error("there is no example with all members of the event")]
    NoFullExample,
    /// The full example lacks a member that the schema knows.
    #[error("the example does not show `{0}`")]
    NotInFullExample(String),
    /// A file among the examples that is no example of an event.
    #[error("this file stands where no example belongs")]
    MisplacedExample,
    /// A file has the name of an example that is derived.
    #[error("this example is derived from `full.json`")]
    DerivedExample,
    /// A file among the scenarios that is none.
    #[error("this is no scenario: {0}")]
    Scenario(String),
    /// The generator made something else of the schema than it says.
    #[error("this did not become the code that it stands for: {0}")]
    Defect(String),
}

/// A file that every set of schemas has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Required {
    /// The envelope of the events page.
    TypeEnvelope,
    /// The envelope of the signature guide.
    EventTypeEnvelope,
    /// The body of a delivery.
    Batch,
}

impl Required {
    /// Returns the path of the file below the schema folder.
    pub fn path(self) -> &'static str {
        match self {
            Self::TypeEnvelope => "common/type_envelope.schema.json",
            Self::EventTypeEnvelope => "common/event_type_envelope.schema.json",
            Self::Batch => "common/batch.schema.json",
        }
    }
}

impl fmt::Display for Required {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TypeEnvelope => "the type envelope",
            Self::EventTypeEnvelope => "the eventType envelope",
            Self::Batch => "the batch",
        })
    }
}

/// What a name is the name of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Named {
    /// A schema file.
    File,
    /// A type: its `title`.
    Type,
    /// A member of an object.
    Member,
    /// An alias of a member.
    Alias,
    /// A wire type of an event.
    WireType,
    /// A known value of an open enum.
    KnownValue,
    /// A member with `x-valid-for-seconds`.
    ExpiringMember,
    /// A recorded decision.
    Decision,
    /// An element of a list of texts.
    Text,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::File => "the file name",
            Self::Type => "the title",
            Self::Member => "the member",
            Self::Alias => "the alias",
            Self::WireType => "the wire type",
            Self::KnownValue => "the known value",
            Self::ExpiringMember => "the expiring member",
            Self::Decision => "the decision",
            Self::Text => "the text",
        })
    }
}

/// How a member says whether it may be absent, and contradicts itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nullability {
    /// It is in `required`, and admits null.
    RequiredAndNullable,
    /// It is not in `required`, and does not admit null.
    OptionalAndNeverNull,
    /// It is an element of a list, and admits null.
    NullableElement,
}

impl fmt::Display for Nullability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RequiredAndNullable => "the member is required, and may be null",
            Self::OptionalAndNeverNull => "the member is not required, and may not be null",
            Self::NullableElement => "the elements of the list may be null",
        })
    }
}

impl ProblemKind {
    /// Says what to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotJson(_) => {
                "repair the file: JSON in UTF-8 without a byte order mark, each member once".into()
            }
            Self::Misplaced => {
                "keep events in events/<event>.schema.json and shared parts in common/<part>.schema.json".into()
            }
            Self::MissingFile(_) => "restore it: it says how every delivery is read".into(),
            Self::Missing(_) => "add it; schema/README.md says what it holds".into(),
            Self::MissingDescription => {
                "add a `description` in your own words: it becomes the documentation of the Rust item".into()
            }
            Self::WrongType { expected, .. } => format!("write {expected}"),
            Self::WrongValue { expected, .. } => format!("write {expected}"),
            Self::Keyword(_) => "remove it: nothing would follow from it".into(),
            Self::UnknownForm => {
                "give it a `type`, a `$ref`, an `anyOf` of a `$ref` and null, or `\"x-type\": \"raw\"`".into()
            }
            Self::DanglingRef(_) => {
                "name a file in common/ (`../common/x.schema.json`) or a definition of this file (`#/$defs/X`)".into()
            }
            Self::NotAnIdentifier { named, .. } => match named {
                Named::File => "name it in lower snake case, as kyc_check.schema.json".into(),
                Named::Type => {
                    "capitalise each word and nothing else, as `KycCheck`: letters and digits only".into()
                }
                Named::Member => "leave it out: the raw entry keeps it".into(),
                _ => "leave it out: the type admits any other string as well".into(),
            },
            Self::ReservedName(_) => "choose another `title`; names on the wire stay as they are".into(),
            Self::Duplicate { named, .. } => match named {
                Named::WireType => {
                    "correct one of the two; events can share a wire type if it is the canonical one of exactly one of them and all have `x-event.discriminators`".into()
                }
                Named::Member => {
                    "leave one of the two out: the raw entry keeps it".into()
                }
                Named::Alias => "remove the alias".into(),
                Named::Type => "choose another title, or move a shared part to common/".into(),
                Named::ExpiringMember => {
                    "remove `x-valid-for-seconds` from one of the two and say it in its description".into()
                }
                Named::Decision => "name one of the two otherwise".into(),
                Named::File | Named::KnownValue | Named::Text => "remove one of the two".into(),
            },
            Self::OverlappingDiscriminators { .. } => {
                "declare in `x-event.discriminators` members that only this event has".into()
            }
            Self::UnusedDiscriminators => {
                "remove `discriminators`, or list the shared wire type in both events' `properties.type.enum`".into()
            }
            Self::DanglingPointer { .. } => {
                "correct the pointer; if what it was about is gone, remove the entry".into()
            }
            Self::RequiredUnknown(_) => {
                "add the property, or remove the name from `required`".into()
            }
            Self::Nullability(Nullability::RequiredAndNullable) => {
                "remove the name from `required`, or null from its type".into()
            }
            Self::Nullability(Nullability::OptionalAndNeverNull) => {
                "add the name to `required`, or null to its type".into()
            }
            Self::Nullability(Nullability::NullableElement) => {
                "remove null from the type of the elements".into()
            }
            Self::EnvelopesDiffer(_) => {
                "give it one type, the same aliases and the same place in `required`: both envelopes become one struct".into()
            }
            Self::Cycle(_) => {
                "hold it in a list (`\"type\": \"array\"`), or keep the member raw (`\"x-type\": \"raw\"`)".into()
            }
            Self::NoFullExample => "write it: the others are derived from it".into(),
            Self::NotInFullExample(_) => {
                "add the member with a made-up value; of a list, at least one element".into()
            }
            Self::MisplacedExample => {
                "keep it in examples/<event>/<case>.json, below invalid/ if it must be refused; \
                 what is of no event stands in examples/unknown/ and examples/batch/"
                    .into()
            }
            Self::DerivedExample => "remove the file, or name it after what it shows besides".into(),
            Self::Scenario(_) => "write it as schema/README.md shows".into(),
            Self::Defect(_) => {
                "this is a defect of the generator: report it with the schema file".into()
            }
        }
    }
}
