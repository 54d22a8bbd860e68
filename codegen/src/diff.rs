//! Classifies changes of the schemas by their effect on users of the generated crate.

mod compare;
mod review;

use std::fmt;

use crate::set::SchemaSet;

pub use review::{Review, reviews};

/// The effect of a change on users, from the least to the worst.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Impact {
    /// Only texts change: in the documentation, and in the catalogue.
    Documentation,
    /// Something is added. Code that compiled still compiles, and entries that decoded still
    /// decode.
    Additive,
    /// Code still compiles, but more of an entry is read than before. An entry that decoded
    /// can become malformed, or decode as another event.
    Stricter,
    /// Code may no longer compile, documented entries may no longer decode,
    /// or values differ.
    Breaking,
}

impl Impact {
    /// All impacts, from the worst to the least.
    pub const ALL: [Impact; 4] =
        [Self::Breaking, Self::Stricter, Self::Additive, Self::Documentation];

    /// Returns the changelog's heading for changes of this impact.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Breaking => "Breaking",
            Self::Stricter => "Stricter: code compiles, and an entry that decoded can be malformed",
            Self::Additive => "Additive",
            Self::Documentation => "Documentation",
        }
    }

    /// Returns the word for the impact in reports.
    ///
    /// # Examples
    ///
    /// ```
    /// assert_eq!(spektr_codegen::diff::Impact::Stricter.as_str(), "stricter");
    /// ```
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Documentation => "documentation",
            Self::Additive => "additive",
            Self::Stricter => "stricter",
            Self::Breaking => "breaking",
        }
    }
}

impl fmt::Display for Impact {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One difference between two models.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SchemaChange {
    /// Effect of the change on users.
    pub impact: Impact,
    /// Whether the change removes or changes a public item of the generated crate. Only a
    /// breaking change can; a breaking change that does not is breaking for data.
    pub breaks_code: bool,
    /// The event's documented name, the type's name, or `every event`.
    pub subject: String,
    /// The member; empty if the change concerns the whole subject.
    pub member: String,
    /// What changed.
    pub what: String,
}

impl fmt::Display for SchemaChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<13}  {}", self.impact, self.subject)?;
        if !self.member.is_empty() {
            write!(f, " {}", self.member)?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Returns the changes from one set of files to another, breaking changes first.
///
/// The comparison is complete: the result has each difference between the models,
/// except for the positions inside a file.
pub fn diff(old: &SchemaSet, new: &SchemaSet) -> Vec<SchemaChange> {
    let mut list = compare::run(old, new);
    list.sort_by_key(|change| std::cmp::Reverse(change.impact));
    list
}

/// Returns the version that a release with a change of this impact must have, by
/// Cargo's rules of semantic versioning. Returns `None` if `version` is
/// not of the form `1.2.3`.
///
/// A stricter change compiles everywhere, but still needs the next minor version, even
/// before 1.0: `cargo update` does not cross a minor version there.
///
/// # Examples
///
/// ```
/// use spektr_codegen::diff::{Impact, bump};
///
/// assert_eq!(bump("0.1.3", Impact::Breaking).as_deref(), Some("0.2.0"));
/// assert_eq!(bump("0.1.3", Impact::Additive).as_deref(), Some("0.1.4"));
/// assert_eq!(bump("1.4.2", Impact::Stricter).as_deref(), Some("1.5.0"));
/// ```
pub fn bump(version: &str, impact: Impact) -> Option<String> {
    let parts: Vec<u64> = version.split('.').map(str::parse).collect::<Result<_, _>>().ok()?;
    let [major, minor, patch] = parts[..] else { return None };
    let (major, minor, patch) = match (impact, major) {
        (Impact::Breaking | Impact::Stricter, 0) => (0, minor + 1, 0),
        (Impact::Breaking, major) => (major + 1, 0, 0),
        (Impact::Additive | Impact::Stricter, 1..) => (major, minor + 1, 0),
        (Impact::Additive | Impact::Documentation, _) => (major, minor, patch + 1),
    };
    Some(format!("{major}.{minor}.{patch}"))
}
