//! The base URL of the list of events, and the unit of its times.

use std::fmt;
use std::str::FromStr;

use spektr_types::Timestamp;
use thiserror::Error;

use crate::{HttpUrl, HttpUrlError};

/// One of the sender's hosts, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Environment {
    /// `ingest.spektr.com`
    Live,
    /// `sandbox-ingest.spektr.com`
    Sandbox,
    /// `test-ingest.spektr.com`
    Test,
}

impl Environment {
    /// Every environment.
    pub const ALL: [Self; 3] = [Self::Live, Self::Sandbox, Self::Test];

    /// The name in configuration: `live`, `sandbox` or `test`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Sandbox => "sandbox",
            Self::Test => "test",
        }
    }

    /// Returns the base URL of the environment's list.
    #[must_use]
    pub fn base_url(self) -> BaseUrl {
        BaseUrl(match self {
            Self::Live => "https://ingest.spektr.com".to_owned(),
            Self::Sandbox => "https://sandbox-ingest.spektr.com".to_owned(),
            Self::Test => "https://test-ingest.spektr.com".to_owned(),
        })
    }
}

impl fmt::Display for Environment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Environment {
    type Err = NoSuchName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|one| one.name() == name);
        found.ok_or(NoSuchName("live, sandbox, test"))
    }
}

/// The unit in which `createdAfter` and `createdBefore` are sent.
///
/// The documentation does not state the unit. Every run checks the chosen unit; see [the
/// module](super).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimeUnit {
    /// The unit of `createdAt` in the documented events. The default, and an assumption.
    #[default]
    Milliseconds,
    /// The unit of `timestamp` in the signature guide.
    Seconds,
}

impl TimeUnit {
    /// Every unit.
    pub const ALL: [Self; 2] = [Self::Milliseconds, Self::Seconds];

    /// The name in configuration: `milliseconds` or `seconds`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "milliseconds",
            Self::Seconds => "seconds",
        }
    }

    /// Returns the number for `createdAfter` such that every event later than a time is
    /// included.
    ///
    /// The server may truncate an event's time to seconds before it compares, or not. The
    /// number is right either way.
    pub(super) fn after(self, time: Timestamp) -> i64 {
        match self {
            Self::Milliseconds => time.as_millis(),
            Self::Seconds => ((time.as_millis() + 1) / 1000 - 1).max(0),
        }
    }

    /// Returns the number for `createdBefore`, which includes a time.
    pub(super) fn before(self, time: Timestamp) -> i64 {
        match self {
            Self::Milliseconds => time.as_millis(),
            Self::Seconds => time.as_seconds(),
        }
    }

    /// Returns the last time that [`before`](Self::before) surely includes.
    pub(super) fn cut(self, time: Timestamp) -> Timestamp {
        match self {
            Self::Milliseconds => time,
            Self::Seconds => crate::clock::from_millis(time.as_seconds() * 1000),
        }
    }
}

impl fmt::Display for TimeUnit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for TimeUnit {
    type Err = NoSuchName;

    fn from_str(name: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|unit| unit.name() == name);
        found.ok_or(NoSuchName("milliseconds, seconds"))
    }
}

/// The text is not one of the valid names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("the name is none of {0}")]
pub struct NoSuchName(&'static str);

/// The part of the URL before `/v1/events`: scheme, host, port and path.
///
/// # Examples
///
/// ```
/// use spektr_inbox::reconcile::{BaseUrl, BaseUrlError};
///
/// let url = BaseUrl::parse("https://Proxy.example.com:443/spektr/")?;
/// assert_eq!(url.as_str(), "https://proxy.example.com/spektr");
/// assert!(BaseUrl::parse("http://127.0.0.1:8080").is_ok());
/// let error = BaseUrl::parse("http://ingest.spektr.com").unwrap_err();
/// assert_eq!(error, BaseUrlError::Unencrypted);
/// # Ok::<(), BaseUrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BaseUrl(String);

/// The reason why a text is not a [`BaseUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum BaseUrlError {
    /// The text is not an `http` or `https` URL with a host.
    #[error(transparent)]
    Url(#[from] HttpUrlError),
    /// The URL has a query.
    #[error("the base URL must have no query")]
    Query,
    /// The API key would go over the network in clear text.
    #[error("the API key is sent over https only, or over http to this machine itself")]
    Unencrypted,
}

impl BaseUrl {
    /// Parses a base URL. Different spellings of the same URL become equal.
    ///
    /// # Errors
    ///
    /// - [`BaseUrlError::Url`], [`BaseUrlError::Query`]
    /// - [`BaseUrlError::Unencrypted`]: it is `http` to another machine
    pub fn parse(text: &str) -> Result<Self, BaseUrlError> {
        let url = HttpUrl::parse(text)?;
        let uri = url.as_uri();
        if uri.query().is_some() {
            return Err(BaseUrlError::Query);
        }
        let (scheme, default) = match url.is_encrypted() {
            true => ("https", 443),
            false if url.is_loopback() => ("http", 80),
            false => return Err(BaseUrlError::Unencrypted),
        };
        let host = url.host().to_ascii_lowercase();
        let port = Some(url.port()).filter(|port| *port != default);
        let port = port.map_or_else(String::new, |port| format!(":{port}"));
        Ok(Self(format!("{scheme}://{host}{port}{}", uri.path().trim_end_matches('/'))))
    }

    /// Returns the URL as text, without a slash at the end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    pub(super) fn is_encrypted(&self) -> bool {
        self.0.starts_with("https:")
    }
}

impl fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

impl From<Environment> for BaseUrl {
    fn from(environment: Environment) -> Self {
        environment.base_url()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::from_millis;

    #[test]
    fn the_key_goes_to_other_machines_encrypted_or_not_at_all() {
        let parse = |text| BaseUrl::parse(text).map(|url| url.0);
        for text in ["http://localhost:8080/", "http://127.0.0.2:8080", "http://[::1]:8080/a/b/"] {
            assert_eq!(parse(text), Ok(text.trim_end_matches('/').to_owned()));
        }
        for text in ["http://ingest.spektr.com", "http://localhost.example.com", "http://10.0.0.1"]
        {
            assert_eq!(parse(text), Err(BaseUrlError::Unencrypted), "{text}");
        }
        for (text, expected) in [
            ("https://u:p@x.example", BaseUrlError::Url(HttpUrlError::User)),
            ("https://x.example/?a=b", BaseUrlError::Query),
            ("https://x.example/#a", BaseUrlError::Url(HttpUrlError::Fragment)),
            ("", BaseUrlError::Url(HttpUrlError::NotAUrl)),
            ("x.example", BaseUrlError::Url(HttpUrlError::Scheme)),
            ("https://x:99999/", BaseUrlError::Url(HttpUrlError::Port)),
        ] {
            assert_eq!(parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn every_environment_has_a_url_that_parses_as_itself() {
        for one in Environment::ALL {
            assert_eq!(BaseUrl::parse(one.base_url().as_str()), Ok(one.base_url()));
            assert_eq!(one.to_string().parse(), Ok(one));
        }
        assert_eq!("Live".parse::<Environment>(), Err(NoSuchName("live, sandbox, test")));
    }

    #[test]
    fn seconds_leave_nothing_out_at_the_lower_bound() {
        let after = |millis| TimeUnit::Seconds.after(from_millis(millis));
        // The first event in the range is a millisecond later; its second must be included.
        assert_eq!([999, 1998, 1999, 2000, 2001].map(after), [0, 0, 1, 1, 1]);
        assert_eq!(TimeUnit::Seconds.before(from_millis(2999)), 2);
        assert_eq!(TimeUnit::Seconds.cut(from_millis(2999)).as_millis(), 2000);
        let unit = TimeUnit::Milliseconds;
        assert_eq!((unit.after(from_millis(999)), unit.before(from_millis(999))), (999, 999));
    }
}
