//! Parses key rings from one line of text, such as an environment variable.

use std::env::{self, VarError};

use zeroize::Zeroizing;

use super::{KeyError, KeyRing, KeyRingError, Secret, SecretEncoding, SigningKey};

impl KeyRing {
    /// The environment variable that [`from_env`](Self::from_env) reads.
    pub const ENV_VAR: &'static str = "SPEKTR_WEBHOOK_KEYS";

    /// Reads `SPEKTR_WEBHOOK_KEYS`, in the form that [`parse`](Self::parse) describes.
    ///
    /// # Errors
    ///
    /// - [`KeyRingError::NotSet`], [`KeyRingError::NotUnicode`]
    /// - the errors of [`parse`](Self::parse)
    pub fn from_env() -> Result<Self, KeyRingError> {
        Self::from_env_var(Self::ENV_VAR)
    }

    /// Reads another environment variable, for receivers with several sources.
    ///
    /// # Errors
    ///
    /// Returns the errors of [`from_env`](Self::from_env).
    pub fn from_env_var(variable: &str) -> Result<Self, KeyRingError> {
        match env::var(variable) {
            Ok(text) => Self::parse(&Zeroizing::new(text)),
            Err(VarError::NotPresent) => {
                Err(KeyRingError::NotSet { variable: variable.to_owned() })
            }
            Err(VarError::NotUnicode(value)) => {
                drop(Zeroizing::new(value.into_encoded_bytes()));
                Err(KeyRingError::NotUnicode { variable: variable.to_owned() })
            }
        }
    }

    /// Parses `id=secret,id2=secret2`.
    ///
    /// - An entry is split at its first `=`. The text after it, up to the next comma, is the
    ///   secret, taken literally.
    /// - The encoding follows the id: `id:hex=…`, `id:base64=…` or `id:utf8=…` (the default).
    ///   So no secret can be misread: in `id=hex:abc` the secret is the text `hex:abc`. Only
    ///   the last suffix counts. If an id itself ends in such a suffix, add another one:
    ///   `odd:hex:utf8=…` has the id `odd:hex`.
    /// - Write a secret that contains a comma in hex or Base64, or use a TOML file. White space
    ///   before an id is skipped; around a secret it is an error.
    ///
    /// # Examples
    ///
    /// ```
    /// use spektr_verify::KeyRing;
    ///
    /// let ring = KeyRing::parse("2026-a=first secret, 2026-b:hex=736563726574")?;
    /// assert_eq!(ring.ids().count(), 2);
    /// # Ok::<(), spektr_verify::KeyRingError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`KeyRingError::NoKeys`] for an empty text
    /// - [`KeyRingError::MissingEquals`] also for the empty entry after a trailing comma
    /// - [`KeyRingError::Key`], [`KeyRingError::DuplicateKeyId`]
    pub fn parse(text: &str) -> Result<Self, KeyRingError> {
        if text.trim().is_empty() {
            return Err(KeyRingError::NoKeys);
        }
        let keys = text.split(',').enumerate().map(|(index, entry)| {
            let (id, secret) =
                entry.split_once('=').ok_or(KeyRingError::MissingEquals { entry: index + 1 })?;
            key(id.trim_start(), secret)
                .map_err(|source| KeyRingError::Key { entry: index + 1, source })
        });
        Self::new(keys.collect::<Result<Vec<_>, _>>()?)
    }
}

fn key(id: &str, secret: &str) -> Result<SigningKey, KeyError> {
    let suffix = id.rsplit_once(':').and_then(|(id, name)| Some((id, name.parse().ok()?)));
    let (id, encoding) = suffix.unwrap_or((id, SecretEncoding::default()));
    SigningKey::new(id, Secret::new(secret, encoding)?)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use super::*;

    fn tag(text: &str, id: &str) -> [u8; 32] {
        KeyRing::parse(text).unwrap().find(id.as_bytes()).unwrap().mac().finish()
    }

    fn expected(bytes: &[u8]) -> [u8; 32] {
        Secret::from_bytes(bytes).unwrap().mac().finish()
    }

    #[test]
    fn a_secret_is_everything_between_the_first_equals_sign_and_the_comma() {
        let text = "a=x=y==, b=hex:6b6579,c:base64=a2V5";
        assert_eq!(tag(text, "a"), expected(b"x=y=="));
        assert_eq!(tag(text, "b"), expected(b"hex:6b6579"));
        assert_eq!(tag(text, "c"), expected(b"key"));
    }

    #[test]
    fn only_the_last_encoding_after_an_id_is_taken_off() {
        assert_eq!(tag("odd:hex:utf8=6b6579", "odd:hex"), expected(b"6b6579"));
        assert_eq!(tag("odd:hex=6b6579", "odd"), expected(b"key"));
        assert_eq!(tag("arn:aws:key=6b6579", "arn:aws:key"), expected(b"6b6579"));
    }

    #[test]
    fn errors_name_the_entry_and_never_its_text() {
        let error = |text| KeyRing::parse(text).unwrap_err();
        assert!(matches!(error(""), KeyRingError::NoKeys));
        assert!(matches!(error(" "), KeyRingError::NoKeys));
        assert!(matches!(error("marker"), KeyRingError::MissingEquals { entry: 1 }));
        assert!(matches!(error("a=b,"), KeyRingError::MissingEquals { entry: 2 }));
        assert!(matches!(
            error("a=b,c="),
            KeyRingError::Key { entry: 2, source: KeyError::EmptySecret },
        ));
        assert!(matches!(
            error("=marker"),
            KeyRingError::Key { entry: 1, source: KeyError::MalformedKeyId },
        ));
        assert!(matches!(
            error("a:hex=marker"),
            KeyRingError::Key { entry: 1, source: KeyError::NotHex },
        ));
        assert!(matches!(
            error("a=marker\n"),
            KeyRingError::Key { entry: 1, source: KeyError::SurroundingWhitespace },
        ));
        assert!(matches!(error("a=b,a=c"), KeyRingError::DuplicateKeyId { .. }));
        let twice = "a=x,mar=ker,b=x,mar=ker";
        for text in ["marker", "=marker", "a:hex=marker", "a=marker\n", "a=b,mar ker=c", twice] {
            let error = error(text);
            assert!(!format!("{error} {error:?}").contains("mar"), "{error:?}");
        }
    }

    #[test]
    fn a_variable_that_is_not_set_is_named() {
        let error = KeyRing::from_env_var("SPEKTR_TEST_NEVER_SET").unwrap_err();
        assert!(matches!(
            error,
            KeyRingError::NotSet { variable } if variable == "SPEKTR_TEST_NEVER_SET",
        ));
    }
}
