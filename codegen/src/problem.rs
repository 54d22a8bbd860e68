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
    /// A file stands where no schema is expected, or one that must exist does not.
    #[error("{0}")]
    WrongPlace(&'static str),
    /// A keyword is missing.
    #[error("`{0}` is missing")]
    Missing(&'static str),
    /// A description is missing or empty.
    #[error("this has no description")]
    MissingDescription,
    /// A keyword has a value of the wrong JSON type.
    #[error("expected {expected}, found {found}")]
    WrongType {
        /// What the dialect has there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A keyword has a value that the dialect does not know.
    #[error("expected {expected}, found `{found}`")]
    WrongValue {
        /// What the dialect has there.
        expected: String,
        /// What stands there.
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
    #[error("`{0}` cannot become a Rust name")]
    NotAnIdentifier(String),
    /// A name that the generated crate uses for something else.
    #[error("the name `{0}` belongs to Rust's prelude or to the generated crate's own items")]
    ReservedName(String),
    /// A name that stands elsewhere too.
    #[error("{what} `{name}` is used by {other} too")]
    Duplicate {
        /// What is duplicated, as `the wire type`.
        what: &'static str,
        /// The name.
        name: String,
        /// Where it stands too.
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
    #[error(
        "a member is either required and never null, or optional and nullable; this one is {0}"
    )]
    Nullability(&'static str),
    /// Types that contain each other without a list in between.
    #[error("the type contains itself, by way of {0}")]
    Cycle(String),
    /// An event has no example with all of its members.
    #[error("there is no example with all members of the event")]
    NoFullExample,
    /// The full example lacks a member that the schema knows.
    #[error("the example does not show `{0}`")]
    NotInFullExample(String),
    /// A file has the name of an example that is derived.
    #[error("this example is derived from `full.json`")]
    DerivedExample,
    /// The generator and typify disagree about what was generated.
    #[error("typify did not turn this into what it stands for: {0}")]
    Typify(String),
}

impl ProblemKind {
    /// Says what to do about it.
    pub fn remedy(&self) -> String {
        match self {
            Self::NotJson(_) => "repair the file: JSON in UTF-8 without a byte order mark, each member once".into(),
            Self::WrongPlace("the type envelope's file is missing") => {
                "restore it: every event has its members from there".into()
            }
            Self::WrongPlace(_) => {
                "keep events in events/<event>.schema.json and shared parts in common/<part>.schema.json".into()
            }
            Self::Missing(keyword) => format!("add `{keyword}`; schema/README.md shows a whole file"),
            Self::MissingDescription => {
                "add a `description` in your own words: it becomes the documentation of the Rust item".into()
            }
            Self::WrongType { expected, .. } => format!("write {expected}"),
            Self::WrongValue { expected, .. } => format!("write {expected}"),
            Self::Keyword(_) => "remove it, or express it in the dialect of schema/README.md".into(),
            Self::UnknownForm => {
                "give it a `type`, a `$ref`, an `anyOf` of a `$ref` and null, or `\"x-type\": \"raw\"`".into()
            }
            Self::DanglingRef(_) => {
                "name a file in common/ (`../common/x.schema.json`) or a definition of this file (`#/$defs/X`)".into()
            }
            Self::NotAnIdentifier(_) => {
                "use letters, digits and underscores, not starting with a digit; types in UpperCamelCase as `KycCheck`, files in lower_snake_case".into()
            }
            Self::ReservedName(_) => "choose another name".into(),
            Self::Duplicate { what: "the wire type", .. } => {
                "correct one of the two; events can share a wire type if it is the canonical one of exactly one of them and all have `x-event.discriminators`".into()
            }
            Self::Duplicate { .. } => "rename one of the two, or move a shared part to common/".into(),
            Self::OverlappingDiscriminators { .. } => {
                "declare in `x-event.discriminators` members that only this event has".into()
            }
            Self::DanglingPointer { .. } => {
                "correct the pointer; if what it was about is gone, remove the entry".into()
            }
            Self::RequiredUnknown(_) => "add the property, or remove the name from `required`".into(),
            Self::Nullability("required and nullable") => {
                "remove the name from `required`, or null from its type".into()
            }
            Self::Nullability("an element of a list and nullable") => {
                "remove null from the type of the elements".into()
            }
            Self::Nullability(_) => "add the name to `required`, or null to its type".into(),
            Self::Cycle(_) => "break the cycle with a list, or with a child type that has no children".into(),
            Self::NoFullExample => "write it: the others are derived from it".into(),
            Self::NotInFullExample(_) => {
                "add the member with a made-up value; of a list, at least one element".into()
            }
            Self::DerivedExample => "remove the file, or name it after what it shows besides".into(),
            Self::Typify(_) => "this is a defect of the generator: report it with the schema file".into(),
        }
    }
}
