//! `KeyRing`, the set of keys, and `SharedKeys`, which replaces it while verifiers use it.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use super::{KeyError, KeyId, SigningKey};
use crate::time::UnixSeconds;

/// The signing keys that are accepted: at least one, each with its own id.
///
/// During a rotation there are several keys: the one that the sender still uses, and the one
/// that it will use. A ring is built from [`SigningKey`]s, from the environment
/// ([`from_env`](Self::from_env)), or, with the feature `toml`, from a TOML document
/// (`from_toml`).
///
/// # Examples
///
/// ```
/// use spektr_verify::{KeyRing, Secret, SecretEncoding, SigningKey};
///
/// let current = SigningKey::new("2026-a", Secret::new("old secret", SecretEncoding::Utf8)?)?;
/// let next = SigningKey::new("2026-b", Secret::new("bmV3IHNlY3JldA==", SecretEncoding::Base64)?)?;
/// let ring = KeyRing::new([current, next])?;
/// assert_eq!(ring.ids().map(|id| id.as_str()).collect::<Vec<_>>(), ["2026-a", "2026-b"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct KeyRing {
    keys: Vec<SigningKey>,
}

impl KeyRing {
    /// Creates a ring of signing keys.
    ///
    /// # Errors
    ///
    /// - [`KeyRingError::NoKeys`]: a ring without keys would reject everything
    /// - [`KeyRingError::DuplicateKeyId`]
    pub fn new(keys: impl IntoIterator<Item = SigningKey>) -> Result<Self, KeyRingError> {
        let mut ring = Self { keys: Vec::new() };
        for key in keys {
            if let Some(first) = ring.keys.iter().position(|other| other.id() == key.id()) {
                let entry = ring.keys.len() + 1;
                return Err(KeyRingError::DuplicateKeyId { first: first + 1, entry });
            }
            ring.keys.push(key);
        }
        if ring.keys.is_empty() {
            return Err(KeyRingError::NoKeys);
        }
        Ok(ring)
    }

    /// Returns the ids, in the order in which the keys were given.
    pub fn ids(&self) -> impl Iterator<Item = &KeyId> {
        self.keys.iter().map(SigningKey::id)
    }

    /// Returns the key with an id, for example to sign with it.
    #[must_use]
    pub fn key(&self, id: &str) -> Option<&SigningKey> {
        self.find(id.as_bytes())
    }

    /// Returns whether any key is accepted at a point in time. If no key is valid, the
    /// configuration is wrong and every delivery fails.
    #[must_use]
    pub fn has_valid_key_at(&self, time: UnixSeconds) -> bool {
        self.keys.iter().any(|key| key.is_valid_at(time))
    }

    pub(crate) fn first(&self) -> Option<&SigningKey> {
        self.keys.first()
    }

    /// Finds a key by its exact id. Rings are small and ids are not secret, so a linear search
    /// that stops early is fine.
    pub(crate) fn find(&self, id: &[u8]) -> Option<&SigningKey> {
        self.keys.iter().find(|key| key.id().as_str().as_bytes() == id)
    }
}

/// A key ring that can be replaced while verifiers use it.
///
/// Clones share the ring: keep one clone and give another to
/// [`Verifier::new`](crate::Verifier::new). Rotation then needs no restart.
///
/// # Examples
///
/// ```
/// use spektr_verify::{KeyRing, SharedKeys, SignedContent, Verifier};
///
/// let keys = SharedKeys::new(KeyRing::parse("2026-a=old secret")?);
/// let verifier = Verifier::new(keys.clone(), SignedContent::TIMESTAMP_DOT_BODY);
///
/// // Later, at a signal or from a watcher of the secret store:
/// keys.replace(KeyRing::parse("2026-a=old secret,2026-b=new secret")?);
/// # drop(verifier);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct SharedKeys {
    cell: Arc<RwLock<Arc<KeyRing>>>,
}

impl SharedKeys {
    /// Makes a ring replaceable.
    #[must_use]
    pub fn new(ring: KeyRing) -> Self {
        Self { cell: Arc::new(RwLock::new(Arc::new(ring))) }
    }

    /// Replaces the ring for every verifier that shares it. Verifications in progress finish
    /// with the old ring.
    pub fn replace(&self, ring: KeyRing) {
        let old = {
            let mut current = self.cell.write().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *current, Arc::new(ring))
        };
        drop(old);
    }

    /// Returns the current ring.
    #[must_use]
    pub fn current(&self) -> Arc<KeyRing> {
        Arc::clone(&self.cell.read().unwrap_or_else(PoisonError::into_inner))
    }
}

impl From<KeyRing> for SharedKeys {
    fn from(ring: KeyRing) -> Self {
        Self::new(ring)
    }
}

impl fmt::Debug for SharedKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("SharedKeys").field(&self.current()).finish()
    }
}

/// The reason why a key ring cannot be built.
///
/// No variant contains text from the configuration, except the name of a variable or file: a
/// misplaced comma could turn a part of a secret into anything, including a key id. Entries are
/// counted from 1.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyRingError {
    /// There is no key at all.
    NoKeys,
    /// Two keys have the same id, so one of them could never be selected.
    DuplicateKeyId {
        /// The position of the first key, counted from 1.
        first: usize,
        /// The position of the second key, counted from 1.
        entry: usize,
    },
    /// The environment variable is not set.
    NotSet {
        /// The variable's name.
        variable: String,
    },
    /// The environment variable's value is not Unicode.
    NotUnicode {
        /// The variable's name.
        variable: String,
    },
    /// An entry is not of the form `id=secret`.
    MissingEquals {
        /// The entry's position, counted from 1.
        entry: usize,
    },
    /// An entry cannot be used as a key.
    Key {
        /// The entry's position, counted from 1.
        entry: usize,
        /// The problem.
        source: KeyError,
    },
    /// The document is not TOML.
    #[cfg(feature = "toml")]
    Syntax {
        /// The line, counted from 1.
        line: usize,
    },
    /// The document has an unknown member, at the top level (`entry` 0) or in an entry.
    /// Otherwise a misspelt `not_after` would go unnoticed.
    #[cfg(feature = "toml")]
    UnknownMember {
        /// The entry's position, counted from 1, or 0.
        entry: usize,
    },
    /// `keys` in the document is not a list of tables.
    #[cfg(feature = "toml")]
    NotTables,
    /// A member of an entry is missing or of the wrong type.
    #[cfg(feature = "toml")]
    Member {
        /// The entry's position, counted from 1.
        entry: usize,
        /// The member's name.
        member: &'static str,
    },
    /// The file cannot be read.
    #[cfg(feature = "toml")]
    File {
        /// The file's path.
        path: std::path::PathBuf,
        /// The operating system's error.
        source: std::io::Error,
    },
}

impl fmt::Display for KeyRingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoKeys => f.write_str("the key ring has no keys"),
            Self::DuplicateKeyId { first, entry } => {
                write!(f, "keys {first} and {entry} have the same id")
            }
            Self::NotSet { variable } => {
                write!(f, "the environment variable {variable} is not set")
            }
            Self::NotUnicode { variable } => {
                write!(f, "the environment variable {variable} is not unicode")
            }
            Self::MissingEquals { entry } => write!(f, "key {entry} is not of the form id=secret"),
            Self::Key { entry, .. } => write!(f, "key {entry} cannot be used"),
            #[cfg(feature = "toml")]
            Self::Syntax { line } => write!(f, "the key file is not TOML at line {line}"),
            #[cfg(feature = "toml")]
            Self::UnknownMember { entry } => {
                write!(f, "the key file has an unknown member (in key {entry}; 0 is the top level)")
            }
            #[cfg(feature = "toml")]
            Self::NotTables => f.write_str("the key file's `keys` is not a list of tables"),
            #[cfg(feature = "toml")]
            Self::Member { entry, member } => write!(f, "key {entry} lacks a usable `{member}`"),
            #[cfg(feature = "toml")]
            Self::File { path, .. } => write!(f, "cannot read the key file {}", path.display()),
        }
    }
}

impl std::error::Error for KeyRingError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Key { source, .. } => Some(source),
            #[cfg(feature = "toml")]
            Self::File { source, .. } => Some(source),
            _ => None,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use super::*;
    use crate::keys::Secret;

    fn key(id: &str) -> SigningKey {
        SigningKey::new(id, Secret::from_bytes(b"secret").unwrap()).unwrap()
    }

    #[test]
    fn a_ring_without_keys_cannot_be_built() {
        assert!(matches!(KeyRing::new([]), Err(KeyRingError::NoKeys)));
    }

    #[test]
    fn a_ring_with_one_id_twice_cannot_be_built() {
        let error = KeyRing::new([key("a"), key("b"), key("a")]).unwrap_err();
        assert!(matches!(error, KeyRingError::DuplicateKeyId { first: 1, entry: 3 }));
    }

    #[test]
    fn keys_are_found_by_their_exact_id() {
        let ring = KeyRing::new([key("a"), key("ab")]).unwrap();
        assert!(ring.find(b"a").is_some());
        for id in ["A", "a ", "", "abc"] {
            assert!(ring.find(id.as_bytes()).is_none());
        }
    }

    #[test]
    fn whoever_holds_a_ring_keeps_it_while_it_is_replaced() {
        let keys = SharedKeys::new(KeyRing::new([key("old")]).unwrap());
        let (shared, held) = (keys.clone(), keys.current());
        keys.replace(KeyRing::new([key("new")]).unwrap());
        assert!(held.find(b"old").is_some());
        assert!(shared.current().find(b"old").is_none());
        assert!(shared.current().find(b"new").is_some());
    }
}
