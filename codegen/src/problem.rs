//! Problems of schema files: the place, the fault and the remedy.

use std::fmt;

/// All problems of a set of schema files, at least one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// Sorts the problems by place and returns them as an error; returns `Ok` if there are none.
    pub(crate) fn into_result(mut problems: Vec<Problem>) -> Result<(), Problems> {
        if problems.is_empty() {
            return Ok(());
        }
        problems.sort_by(|a, b| (&a.file, &a.pointer).cmp(&(&b.file, &b.pointer)));
        let mut unique: Vec<Problem> = Vec::new();
        for problem in problems {
            // The reader can report one fault twice.
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

/// One problem, and its place.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{file}#{pointer}: {kind}\n    {}", kind.remedy())]
#[non_exhaustive]
pub struct Problem {
    /// Path below the schema folder.
    pub file: String,
    /// JSON pointer into that file; empty for the whole file.
    pub pointer: String,
    /// The kind of problem.
    pub kind: ProblemKind,
}

impl Problem {
    pub(crate) fn new(file: &str, pointer: impl Into<String>, kind: ProblemKind) -> Self {
        Self { file: file.to_owned(), pointer: pointer.into(), kind }
    }
}

/// The kind of a problem.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProblemKind {
    /// The file is not JSON, or has a member twice.
    #[error("not valid JSON: {0}")]
    NotJson(String),
    /// A schema file in a folder for none, or with a path that the schema folder does not allow.
    #[error("no schema file belongs at this path")]
    Misplaced,
    /// A file that every set of schemas needs is missing.
    #[error("the file of {0} is missing")]
    MissingFile(RequiredFile),
    /// A keyword is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A description is missing or empty.
    #[error("this has no description")]
    MissingDescription,
    /// A keyword has a value of the wrong JSON type.
    #[error("{found} does not belong here")]
    WrongType {
        /// What the dialect allows there.
        expected: &'static str,
        /// The JSON type found there.
        found: &'static str,
    },
    /// A keyword has a value that the dialect does not know.
    #[error("`{found}` does not belong here")]
    WrongValue {
        /// What the dialect allows there.
        expected: String,
        /// The value found there.
        found: String,
    },
    /// A keyword is not part of the dialect, or is not allowed at this place.
    #[error("the keyword `{0}` is outside the dialect here")]
    Keyword(String),
    /// The keywords of a schema match no form of the dialect.
    #[error("this matches no form that a member can have")]
    UnknownForm,
    /// A `$ref` to nothing, or to a definition that belongs to another file.
    #[error("`$ref` leads to `{0}`, to which this file cannot refer")]
    DanglingRef(String),
    /// A name that cannot become a Rust name.
    #[error("{named} `{name}` cannot become a Rust name")]
    NotAnIdentifier {
        /// What the name belongs to.
        named: Named,
        /// The name.
        name: String,
    },
    /// A name that the generated crate uses for something else.
    #[error("the name `{0}` belongs to Rust's prelude or to the generated crate's own items")]
    ReservedName(String),
    /// A name that is used elsewhere too, or that becomes the same name in Rust.
    #[error("{named} `{name}` clashes with {other}")]
    Duplicate {
        /// What the name belongs to.
        named: Named,
        /// The name.
        name: String,
        /// What the name clashes with.
        other: String,
    },
    /// Two events share a wire type, and both can have a discriminator of one of them.
    #[error(
        "`{wire_type}` also means {other}, and the discriminator `{discriminator}` does not tell the two apart: both events can have it"
    )]
    OverlappingDiscriminators {
        /// The shared wire type.
        wire_type: String,
        /// The other event's file.
        other: String,
        /// The discriminator that both have.
        discriminator: String,
    },
    /// An event has discriminators and shares no wire type.
    #[error("the event needs no discriminators: it shares no wire type with another event")]
    UnusedDiscriminators,
    /// A JSON pointer in the schema leads nowhere.
    #[error("{what} points to `{pointer}`, which does not exist")]
    DanglingPointer {
        /// The owner of the pointer.
        what: &'static str,
        /// The pointer.
        pointer: String,
    },
    /// `required` names a member that does not exist.
    #[error("`required` names `{0}`, which is not among the properties")]
    RequiredUnknown(String),
    /// A member is both required and nullable, or neither.
    #[error("{0}")]
    Nullability(Nullability),
    /// A member differs between the two envelopes.
    #[error(
        "`{0}` differs from the type envelope: in its type, its aliases, or whether it is required"
    )]
    EnvelopesDiffer(String),
    /// Types contain each other without a list in between.
    #[error("the type contains itself, by way of {0}")]
    Cycle(String),
    /// An event has no example with all of its members.
    #[error("there is no example with all members of the event")]
    NoFullExample,
    /// The full example lacks a member that the schema knows.
    #[error("the example does not show `{0}`")]
    NotInFullExample(String),
    /// A file among the examples is no example of an event.
    #[error("no example belongs at this path")]
    MisplacedExample,
    /// A file has the name of a derived example.
    #[error("this example is derived from `full.json`")]
    DerivedExample,
    /// A file in the folder of scenarios is not a valid scenario.
    #[error("this is not a scenario: {0}")]
    Scenario(String),
    /// The generated code differs from the schema.
    #[error("the generated code differs from the schema: {0}")]
    Defect(String),
}

/// A file that every set of schemas needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RequiredFile {
    /// The envelope of the events page.
    TypeEnvelope,
    /// The envelope of the signature guide.
    EventTypeEnvelope,
    /// The body of a delivery.
    Batch,
}

impl RequiredFile {
    /// Returns the path of the file below the schema folder.
    pub fn path(self) -> &'static str {
        match self {
            Self::TypeEnvelope => "common/type_envelope.schema.json",
            Self::EventTypeEnvelope => "common/event_type_envelope.schema.json",
            Self::Batch => "common/batch.schema.json",
        }
    }
}

impl fmt::Display for RequiredFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TypeEnvelope => "the type envelope",
            Self::EventTypeEnvelope => "the eventType envelope",
            Self::Batch => "the batch",
        })
    }
}

/// The kind of thing that a name belongs to.
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

/// A contradiction in how a member says whether it may be absent or null.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nullability {
    /// The member is in `required`, and may be null.
    RequiredAndNullable,
    /// The member is not in `required`, and may not be null.
    OptionalAndNeverNull,
    /// The elements of a list may be null.
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
    /// Returns the remedy for the problem.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotJson(_) => {
                "correct the file: JSON in UTF-8 without a byte order mark, each member once".into()
            }
            Self::Misplaced => {
                "keep events in events/<event>.schema.json and shared parts in common/<part>.schema.json".into()
            }
            Self::MissingFile(_) => "restore the file: it describes how every delivery is read".into(),
            Self::Missing(_) => "add it as schema/README.md describes".into(),
            Self::MissingDescription => {
                "add a `description` in your own words: it becomes the documentation of the Rust item".into()
            }
            Self::WrongType { expected, .. } => format!("write {expected}"),
            Self::WrongValue { expected, .. } => format!("write {expected}"),
            Self::Keyword(_) => "remove it: it would have no effect".into(),
            Self::UnknownForm => {
                "give it a `type`, a `$ref`, an `anyOf` of a `$ref` and null, or `\"x-type\": \"raw\"`".into()
            }
            Self::DanglingRef(_) => {
                "name a file in common/ (`../common/x.schema.json`) or a definition of this file (`#/$defs/X`)".into()
            }
            Self::NotAnIdentifier { named, .. } => match named {
                Named::File => "name it in lower snake case, for example kyc_check.schema.json".into(),
                Named::Type => {
                    "write it in upper camel case with letters and digits only, for example `KycCheck`".into()
                }
                Named::Member => "remove it: the raw entry keeps the member".into(),
                _ => "remove it: the type accepts any other string too".into(),
            },
            Self::ReservedName(_) => "choose another `title`; names on the wire stay as they are".into(),
            Self::Duplicate { named, .. } => match named {
                Named::WireType => {
                    "correct one of the two; events can share a wire type if exactly one of them has it as canonical and all have `x-event.discriminators`".into()
                }
                Named::Member => {
                    "remove one of the two: the raw entry keeps both".into()
                }
                Named::Alias => "remove the alias".into(),
                Named::Type => "choose another title, or move a shared part to common/".into(),
                Named::ExpiringMember => {
                    "remove `x-valid-for-seconds` from one of the two and state the time in its description".into()
                }
                Named::Decision => "rename one of the two".into(),
                Named::File | Named::KnownValue | Named::Text => "remove one of the two".into(),
            },
            Self::OverlappingDiscriminators { .. } => {
                "declare in `x-event.discriminators` members that no other event of this wire type has".into()
            }
            Self::UnusedDiscriminators => {
                "remove `discriminators`, or list the shared wire type in both events' `properties.type.enum`".into()
            }
            Self::DanglingPointer { .. } => {
                "correct the pointer, or remove the entry if its subject no longer exists".into()
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
                "give it the same type and aliases in both envelopes, and list it in `required` in both or in neither: both envelopes become one struct".into()
            }
            Self::Cycle(_) => {
                "put it into a list (`\"type\": \"array\"`), or keep the member raw (`\"x-type\": \"raw\"`)".into()
            }
            Self::NoFullExample => "write it: the others are derived from it".into(),
            Self::NotInFullExample(_) => {
                "add the member with a made-up value; give a list at least one element".into()
            }
            Self::MisplacedExample => {
                "keep it in examples/<event>/<case>.json, below invalid/ if it must be refused; \
                 keep unknown events in examples/unknown/ and batches in examples/batch/"
                    .into()
            }
            Self::DerivedExample => "remove the file, or rename it if it shows another case".into(),
            Self::Scenario(_) => "write it as schema/README.md shows".into(),
            Self::Defect(_) => {
                "this is a defect of the generator: report it with the schema file".into()
            }
        }
    }
}
