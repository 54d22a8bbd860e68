//! What a change of the schemas means for those who use the generated crate.

mod compare;
mod review;

use std::fmt;

use crate::set::SchemaSet;

pub use review::{Review, reviews};

/// What a change asks of users, from the least to the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Impact {
    /// Only texts change: of the documentation, and of what the catalogue says.
    Documentation,
    /// There is more than before: code that compiled compiles, and what decoded
    /// decodes.
    Additive,
    /// Additive for code, stricter for data: more is read of an entry than before, so
    /// an entry that decoded can be malformed, or be another event.
    Stricter,
    /// Code may not compile any more, entries as they are documented may not decode,
    /// or values differ.
    Breaking,
}

impl Impact {
    /// All impacts, from the worst.
    pub const ALL: [Impact; 4] =
        [Self::Breaking, Self::Stricter, Self::Additive, Self::Documentation];

    /// Returns the heading of its changes in the changelog.
    pub fn heading(self) -> &'static str {
        match self {
            Self::Breaking => "Breaking",
            Self::Stricter => "Stricter: code compiles, and an entry that decoded can be malformed",
            Self::Additive => "Additive",
            Self::Documentation => "Documentation",
        }
    }

    /// Returns the word for it in reports.
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
pub struct Change {
    /// What it means for users.
    pub impact: Impact,
    /// Whether it takes away or changes a public item of the generated crate. Only a
    /// breaking change does; one that does not is breaking for data.
    pub breaks_code: bool,
    /// The event's documented name, the type's name, or `every event`.
    pub subject: String,
    /// The member; empty where it is about the whole.
    pub member: String,
    /// What changed.
    pub what: String,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:<13}  {}", self.impact, self.subject)?;
        if !self.member.is_empty() {
            write!(f, " {}", self.member)?;
        }
        write!(f, ": {}", self.what)
    }
}

/// Returns what changed from one set of files to another, breaking changes first.
///
/// The comparison is total: each difference between the models is in the result,
/// except for where in a file something stands.
pub fn diff(old: &SchemaSet, new: &SchemaSet) -> Vec<Change> {
    let mut list = compare::run(old, new);
    list.sort_by_key(|change| std::cmp::Reverse(change.impact));
    list
}

/// Returns the version that a release with a change of this impact must have, by
/// the rules of semantic versioning as Cargo reads them; `None` if `version` is
/// not of the form `1.2.3`.
///
/// A stricter change compiles everywhere, and still takes the next minor version,
/// before 1.0 too: there, `cargo update` does not take it unasked.
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
