//! The API key: it can be sent, and is never shown.

use std::env::{self, VarError};
use std::path::{Path, PathBuf};
use std::{fmt, fs, io};

use bytes::Bytes;
use http::HeaderValue;
use thiserror::Error;
use zeroize::Zeroizing;

/// The key for the sender's REST API, sent in the header `x-api-key`.
///
/// The key's memory is overwritten when the last copy is dropped. The buffers of the connection
/// are not overwritten.
#[derive(Clone)]
pub struct ApiKey(HeaderValue);

/// The reason why there is no API key.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApiKeyError {
    /// The key is empty.
    #[error("the API key is empty")]
    Empty,
    /// The key has a space, a line break or another character that no key has.
    #[error("the API key has a character that is not visible ASCII; was it copied with a space?")]
    NotVisible,
    /// The key contains a quotation mark.
    #[error("the API key contains a quotation mark: write the key without quotation marks")]
    QuotationMark,
    /// The environment variable is not set.
    #[error("the environment variable {variable} is not set: set it to the API key")]
    NotSet {
        /// The variable's name.
        variable: String,
    },
    /// The file cannot be read.
    #[error("cannot read the API key from the file {}", path.display())]
    File {
        /// The file's path.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

impl ApiKey {
    /// The environment variable that [`from_env`](Self::from_env) reads.
    pub const ENV_VAR: &'static str = "SPEKTR_API_KEY";

    /// Checks the text of a key and makes it a key.
    ///
    /// # Errors
    ///
    /// - [`ApiKeyError::Empty`], [`ApiKeyError::NotVisible`], [`ApiKeyError::QuotationMark`]
    pub fn new(text: &str) -> Result<Self, ApiKeyError> {
        if text.is_empty() {
            return Err(ApiKeyError::Empty);
        }
        if !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(ApiKeyError::NotVisible);
        }
        if text.contains(['"', '\'']) {
            return Err(ApiKeyError::QuotationMark);
        }
        let bytes = Bytes::from_owner(Zeroizing::new(text.as_bytes().to_vec()));
        let mut value =
            HeaderValue::from_maybe_shared(bytes).map_err(|_| ApiKeyError::NotVisible)?;
        value.set_sensitive(true);
        Ok(Self(value))
    }

    /// Reads `SPEKTR_API_KEY`.
    ///
    /// # Errors
    ///
    /// - [`ApiKeyError::NotSet`], and the errors of [`new`](Self::new)
    pub fn from_env() -> Result<Self, ApiKeyError> {
        Self::from_env_var(Self::ENV_VAR)
    }

    /// Reads another environment variable, for several sources.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`from_env`](Self::from_env).
    pub fn from_env_var(variable: &str) -> Result<Self, ApiKeyError> {
        match env::var(variable) {
            Ok(text) => Self::new(&Zeroizing::new(text)),
            Err(VarError::NotPresent) => Err(ApiKeyError::NotSet { variable: variable.to_owned() }),
            Err(VarError::NotUnicode(value)) => {
                drop(Zeroizing::new(value.into_encoded_bytes()));
                Err(ApiKeyError::NotVisible)
            }
        }
    }

    /// Reads a file that contains only the key, with an optional line break at its end.
    ///
    /// # Errors
    ///
    /// - [`ApiKeyError::File`], and the errors of [`new`](Self::new)
    pub fn from_file(path: impl AsRef<Path>) -> Result<Self, ApiKeyError> {
        let path = path.as_ref();
        let read = fs::read(path).map(Zeroizing::new);
        let bytes = read.map_err(|source| ApiKeyError::File { path: path.to_owned(), source })?;
        let text = std::str::from_utf8(&bytes).map_err(|_| ApiKeyError::NotVisible)?;
        let line = text.strip_suffix('\n').unwrap_or(text);
        Self::new(line.strip_suffix('\r').unwrap_or(line))
    }

    pub(super) fn header(&self) -> HeaderValue {
        self.0.clone()
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(..)")
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_visible_ascii_and_shown_nowhere() {
        let key = ApiKey::new("marker-1").unwrap();
        assert_eq!(key.header().as_bytes(), b"marker-1");
        assert_eq!(format!("{key:?} {:?}", key.header()), "ApiKey(..) Sensitive");
        assert!(matches!(ApiKey::new(""), Err(ApiKeyError::Empty)));
        for text in ["marker ", "marker\n", "mark\u{e9}r", "\0"] {
            let error = ApiKey::new(text).unwrap_err();
            assert!(matches!(error, ApiKeyError::NotVisible), "{error}");
            assert!(!format!("{error} {error:?}").contains("mark"));
        }
    }

    #[test]
    fn a_file_may_end_with_one_line_break() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        for text in ["marker", "marker\n", "marker\r\n"] {
            fs::write(&path, text).unwrap();
            assert_eq!(ApiKey::from_file(&path).unwrap().header().as_bytes(), b"marker");
        }
        fs::write(&path, "marker\n\n").unwrap();
        assert!(matches!(ApiKey::from_file(&path), Err(ApiKeyError::NotVisible)));
        let missing = folder.path().join("missing");
        let error = ApiKey::from_file(&missing).unwrap_err();
        assert!(matches!(error, ApiKeyError::File { path, .. } if path == missing));
        let error = ApiKey::from_env_var("SPEKTR_TEST_NEVER_SET").unwrap_err();
        assert!(matches!(error, ApiKeyError::NotSet { variable } if variable.contains("NEVER")));
    }
}
