//! Parses key rings from a TOML document, for secrets that are mounted as files.
//!
//! The parser's own messages quote the document, so they are not passed on.

use std::fs;
use std::path::Path;

use toml::value::{Date, Datetime, Offset, Time};
use toml::{Table, Value};
use zeroize::Zeroizing;

use super::{KeyRing, KeyRingError, Secret, SecretEncoding, SigningKey};
use crate::time::UnixSeconds;

impl KeyRing {
    /// Parses a key ring from a TOML document with a table `[[keys]]` per key.
    ///
    /// `id` and `secret` are required; `encoding` is `utf8` (the default), `hex` or `base64`.
    /// `not_before` and `not_after` are date-times with an offset, or seconds since the epoch,
    /// both inclusive and not after the year 9999.
    ///
    /// The parser's copies of the secrets are not wiped from memory.
    ///
    /// # Examples
    ///
    /// ```
    /// use spektr_verify::KeyRing;
    ///
    /// let ring = KeyRing::from_toml(r#"
    ///     [[keys]]
    ///     id = "2026-a"
    ///     secret = "736563726574"
    ///     encoding = "hex"
    ///     not_after = 2026-12-31T23:59:59Z
    /// "#)?;
    /// assert_eq!(ring.ids().count(), 1);
    /// # Ok::<(), spektr_verify::KeyRingError>(())
    /// ```
    ///
    /// # Errors
    ///
    /// - [`KeyRingError::Syntax`], [`KeyRingError::UnknownMember`],
    ///   [`KeyRingError::NotTables`], [`KeyRingError::Member`]
    /// - [`KeyRingError::Key`], [`KeyRingError::NoKeys`], [`KeyRingError::DuplicateKeyId`]
    pub fn from_toml(document: &str) -> Result<Self, KeyRingError> {
        let mut table: Table = document.parse().map_err(|error: toml::de::Error| {
            let start = error.span().map_or(0, |span| span.start);
            let before = document.as_bytes().get(..start).unwrap_or_default();
            KeyRingError::Syntax { line: 1 + before.iter().filter(|byte| **byte == b'\n').count() }
        })?;
        let keys = match table.remove("keys") {
            Some(Value::Array(keys)) => keys,
            Some(_) => {
                return Err(KeyRingError::NotTables);
            }
            None => Vec::new(),
        };
        if !table.is_empty() {
            return Err(KeyRingError::UnknownMember { entry: 0 });
        }
        let keys = keys.into_iter().enumerate().map(|(index, value)| key(index + 1, value));
        Self::new(keys.collect::<Result<Vec<_>, _>>()?)
    }

    /// Reads a key ring from a TOML file.
    ///
    /// # Errors
    ///
    /// - [`KeyRingError::File`]
    /// - the errors of [`from_toml`](Self::from_toml)
    pub fn from_toml_file(path: impl AsRef<Path>) -> Result<Self, KeyRingError> {
        let path = path.as_ref();
        let document = fs::read_to_string(path)
            .map_err(|source| KeyRingError::File { path: path.to_owned(), source })?;
        Self::from_toml(&Zeroizing::new(document))
    }
}

fn key(entry: usize, value: Value) -> Result<SigningKey, KeyRingError> {
    let Value::Table(mut members) = value else {
        return Err(KeyRingError::NotTables);
    };
    let mut text = |member| match members.remove(member) {
        Some(Value::String(text)) => Ok(Some(Zeroizing::new(text))),
        Some(_) => Err(KeyRingError::Member { entry, member }),
        None => Ok(None),
    };
    let id = text("id")?.ok_or(KeyRingError::Member { entry, member: "id" })?;
    let secret = text("secret")?.ok_or(KeyRingError::Member { entry, member: "secret" })?;
    let encoding = text("encoding")?;
    let mut time = |member| match members.remove(member) {
        Some(value) => seconds(&value).map(Some).ok_or(KeyRingError::Member { entry, member }),
        None => Ok(None),
    };
    let (not_before, not_after) = (time("not_before")?, time("not_after")?);
    if !members.is_empty() {
        return Err(KeyRingError::UnknownMember { entry });
    }

    let encoding = encoding.map_or(Ok(SecretEncoding::default()), |name| name.parse());
    encoding
        .and_then(|encoding| Secret::new(&secret, encoding))
        .and_then(|secret| SigningKey::new(&id, secret))
        .and_then(|key| key.with_validity(not_before, not_after))
        .map_err(|source| KeyRingError::Key { entry, source })
}

fn seconds(value: &Value) -> Option<UnixSeconds> {
    let seconds = match value {
        Value::Integer(seconds) => *seconds,
        Value::Datetime(Datetime { date: Some(date), time: Some(time), offset: Some(offset) }) => {
            let minutes = match offset {
                Offset::Z => 0,
                Offset::Custom { minutes } => i64::from(*minutes),
            };
            days_since_epoch(date) * 86_400 + second_of_day(time) - minutes * 60
        }
        _ => return None,
    };
    u64::try_from(seconds).ok().map(UnixSeconds::new)
}

fn second_of_day(time: &Time) -> i64 {
    i64::from(time.hour) * 3_600 + i64::from(time.minute) * 60 + i64::from(time.second.unwrap_or(0))
}

/// Returns the days since 1970-01-01 in the proleptic Gregorian calendar. Years are counted
/// from March, so that the leap day is the last of its year.
fn days_since_epoch(date: &Date) -> i64 {
    let (year, month) = (i64::from(date.year), i64::from(date.month));
    let year = if month <= 2 { year - 1 } else { year };
    let month = (month + 9) % 12;
    let day_of_year = (153 * month + 2) / 5 + i64::from(date.day) - 1;
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    const TO_1970_FROM_MARCH_OF_YEAR_0: i64 = 719_468;
    year * 365 + leap_days + day_of_year - TO_1970_FROM_MARCH_OF_YEAR_0
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed setup is a failed test")]
mod tests {
    use super::*;
    use crate::keys::{KeyError, Validity};

    fn error(document: &str) -> KeyRingError {
        KeyRing::from_toml(document).unwrap_err()
    }

    #[test]
    fn reads_date_times_and_seconds_as_the_same_point_in_time() {
        for (text, expected) in [
            ("1731057600", 1_731_057_600),
            ("2024-11-08T09:20:00Z", 1_731_057_600),
            ("2024-11-08T10:20:00+01:00", 1_731_057_600),
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T23:59:59Z", 951_868_799),
            ("2100-03-01T00:00:00Z", 4_107_542_400),
            ("253402300799", 253_402_300_799),
            ("9999-12-31T23:59:59Z", 253_402_300_799),
        ] {
            let document = format!("[[keys]]\nid = 'a'\nsecret = 'b'\nnot_before = {text}");
            let ring = KeyRing::from_toml(&document).unwrap();
            let key = ring.find(b"a").unwrap();
            assert_eq!(key.validity_at(UnixSeconds::new(expected)), Validity::Valid, "{text}");
            if expected > 0 {
                assert_eq!(
                    key.validity_at(UnixSeconds::new(expected - 1)),
                    Validity::NotYet,
                    "{text}"
                );
            }
        }
    }

    #[test]
    fn refuses_times_that_name_no_second_since_the_epoch() {
        for text in ["-1", "1969-12-31T23:59:59Z", "2024-11-08T09:20:00", "2024-11-08", "'soon'"] {
            let document = format!("[[keys]]\nid = 'a'\nsecret = 'b'\nnot_after = {text}");
            assert!(matches!(
                error(&document),
                KeyRingError::Member { entry: 1, member: "not_after" },
            ));
        }
    }

    #[test]
    fn milliseconds_are_not_taken_for_seconds() {
        for text in ["253402300800", "1767225600000", "9999-12-31T23:59:59-00:01"] {
            for member in ["not_before", "not_after"] {
                let error = error(&format!("[[keys]]\nid = 'a'\nsecret = 'b'\n{member} = {text}"));
                let expected = KeyError::AfterYear9999;
                assert!(
                    matches!(&error, KeyRingError::Key { entry: 1, source } if *source == expected),
                    "{text}: {error:?}"
                );
            }
        }
    }

    #[test]
    fn a_misspelt_member_is_an_error_and_not_a_key_without_an_end() {
        let document = "[[keys]]\nid = 'a'\nsecret = 'b'\nnot_afer = 1";
        assert!(matches!(error(document), KeyRingError::UnknownMember { entry: 1 }));
        assert!(matches!(error("key = 1"), KeyRingError::UnknownMember { entry: 0 }));
    }

    #[test]
    fn errors_name_the_place_and_never_the_text() {
        type Check = fn(&KeyRingError) -> bool;
        let cases: [(&str, Check); 7] = [
            ("", |e| matches!(e, KeyRingError::NoKeys)),
            ("keys = 1", |e| matches!(e, KeyRingError::NotTables)),
            ("keys = ['marker']", |e| matches!(e, KeyRingError::NotTables)),
            ("[[keys]]\nid = 'a'\nsecret = marker", |e| {
                matches!(e, KeyRingError::Syntax { line: 3 })
            }),
            ("[[keys]]\nsecret = 'marker'", |e| {
                matches!(e, KeyRingError::Member { entry: 1, member: "id" })
            }),
            ("[[keys]]\nid = 'a'\nsecret = 'marker'\nencoding = 'hex'", |e| {
                matches!(e, KeyRingError::Key { entry: 1, source: KeyError::NotHex })
            }),
            ("[[keys]]\nid = 'a'\nsecret = 'marker'\nencoding = 'rot13'", |e| {
                matches!(e, KeyRingError::Key { entry: 1, source: KeyError::UnknownEncoding })
            }),
        ];
        for (document, expected) in cases {
            let error = error(document);
            assert!(expected(&error), "{document}: {error:?}");
            assert!(!format!("{error} {error:?}").contains("marker"), "{error:?}");
        }
    }

    #[test]
    fn a_file_that_cannot_be_read_is_named() {
        let error = KeyRing::from_toml_file("does/not/exist.toml").unwrap_err();
        assert!(matches!(error, KeyRingError::File { path, .. } if path.ends_with("exist.toml")));
    }
}
