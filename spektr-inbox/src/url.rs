//! Parses the URLs of other servers.

use std::fmt;
use std::net::IpAddr;
use std::str::FromStr;

use http::Uri;
use thiserror::Error;

/// An `http` or `https` URL with a host and a valid port.
///
/// The parser of [`http::Uri`] accepts any text as a port and then reports no port, so that a
/// client would connect to the default port of the scheme. [`HttpUrl`] rejects such a URL.
///
/// # Examples
///
/// ```
/// use spektr_inbox::{HttpUrl, HttpUrlError};
///
/// let url = HttpUrl::parse("https://hooks.example.com:8443/spektr")?;
/// assert_eq!((url.host(), url.port()), ("hooks.example.com", 8443));
/// assert_eq!(HttpUrl::parse("http://127.0.0.1:99999/"), Err(HttpUrlError::Port));
/// # Ok::<(), HttpUrlError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HttpUrl {
    uri: Uri,
    port: u16,
}

/// The reason why a text is not an [`HttpUrl`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Error)]
#[non_exhaustive]
pub enum HttpUrlError {
    /// The text is not a URL.
    #[error("expected a URL such as http://localhost:8787/")]
    NotAUrl,
    /// The URL's scheme is neither `http` nor `https`, or is missing.
    #[error("the URL must begin with http:// or https://")]
    Scheme,
    /// The URL has no host, or an invalid one.
    #[error("the URL has no valid host")]
    Host,
    /// The URL's port is empty or not a number from 1 to 65535.
    #[error("the port of the URL must be a number from 1 to 65535")]
    Port,
    /// The URL has a user name or a password.
    #[error("the URL must not contain a user name or password")]
    User,
    /// The URL has a fragment, which would not be sent.
    #[error("the URL must not have a fragment (#)")]
    Fragment,
}

impl HttpUrl {
    /// Reads a URL.
    ///
    /// # Errors
    ///
    /// Every variant of [`HttpUrlError`]; none quotes the text.
    pub fn parse(text: &str) -> Result<Self, HttpUrlError> {
        let uri: Uri = text.parse().map_err(|_| HttpUrlError::NotAUrl)?;
        let default = match uri.scheme_str() {
            Some("http") => 80,
            Some("https") => 443,
            _ => return Err(HttpUrlError::Scheme),
        };
        let authority = uri.authority().ok_or(HttpUrlError::Host)?.as_str();
        if authority.contains('@') {
            return Err(HttpUrlError::User);
        }
        if text.contains('#') {
            return Err(HttpUrlError::Fragment);
        }
        let host = uri.host().filter(|host| is_host(host)).ok_or(HttpUrlError::Host)?;
        let rest = authority.strip_prefix(host).ok_or(HttpUrlError::Host)?;
        let port = match rest.strip_prefix(':') {
            Some(digits) => parse_port(digits).ok_or(HttpUrlError::Port)?,
            None if rest.is_empty() => default,
            None => return Err(HttpUrlError::Host),
        };
        Ok(Self { uri, port })
    }

    /// Returns the host; an IPv6 address is in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.uri.host().unwrap_or_default()
    }

    /// Returns the port: 80 or 443 if the URL has none.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Returns the URL as a value of the `http` crate.
    #[must_use]
    pub fn as_uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns whether the connection is encrypted.
    #[must_use]
    pub fn is_encrypted(&self) -> bool {
        self.uri.scheme_str() == Some("https")
    }

    /// Returns whether the host is `localhost` or a loopback address, so that requests stay on
    /// this machine.
    #[must_use]
    pub fn is_loopback(&self) -> bool {
        let host = self.host();
        let name = host.strip_suffix('.').unwrap_or(host);
        name.eq_ignore_ascii_case("localhost")
            || address(host).is_some_and(|address| address.to_canonical().is_loopback())
    }
}

impl From<HttpUrl> for Uri {
    fn from(url: HttpUrl) -> Self {
        url.uri
    }
}

impl fmt::Display for HttpUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.uri.fmt(f)
    }
}

impl FromStr for HttpUrl {
    type Err = HttpUrlError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

fn parse_port(digits: &str) -> Option<u16> {
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    // `parse` alone would accept a sign.
    digits.parse().ok().filter(|port| is_number && *port > 0)
}

fn is_host(host: &str) -> bool {
    match host.strip_prefix('[') {
        Some(_) => address(host).is_some(),
        None => {
            let is_letter = |byte: u8| byte.is_ascii_alphanumeric() || b"-._".contains(&byte);
            !host.is_empty() && host.bytes().all(is_letter)
        }
    }
}

fn address(host: &str) -> Option<IpAddr> {
    match host.strip_prefix('[') {
        Some(rest) => rest.strip_suffix(']')?.parse().ok().map(IpAddr::V6),
        None => host.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_port_that_cannot_be_is_an_error_and_never_the_default() {
        for port in ["", "0", "-1", "+80", "65536", "99999", "8o80", "80:80", "١"] {
            for host in ["127.0.0.1", "[::1]", "example.com"] {
                for scheme in ["http", "https"] {
                    let text = format!("{scheme}://{host}:{port}/hook");
                    let error = HttpUrl::parse(&text).expect_err(&text);
                    let is_no_url = port == "١" || port == "80:80";
                    let expected = if is_no_url { error } else { HttpUrlError::Port };
                    assert_eq!(error, expected, "{text}");
                }
            }
        }
        let port = |text| HttpUrl::parse(text).map(|url| url.port());
        assert_eq!(port("http://x.example:1/"), Ok(1));
        assert_eq!(port("http://[::1]:65535"), Ok(65535));
        assert_eq!([port("http://x.example"), port("https://x.example/a")], [Ok(80), Ok(443)]);
    }

    #[test]
    fn says_what_is_wrong_with_a_url() {
        use HttpUrlError::{Fragment, Host, NotAUrl, Scheme, User};
        for (text, expected) in [
            ("", NotAUrl),
            ("not a url", NotAUrl),
            ("localhost:8787", Scheme),
            ("/hook", Scheme),
            ("ftp://x.example/", Scheme),
            ("https://name:word@x.example/", User),
            ("http://x.example/#a", Fragment),
            ("http://[zz]/", Host),
            ("http://a,b.example/", Host),
        ] {
            assert_eq!(HttpUrl::parse(text), Err(expected), "{text}");
        }
    }

    #[test]
    fn knows_the_names_of_this_machine() {
        let is_loopback = |text| HttpUrl::parse(text).map(|url| url.is_loopback());
        for text in [
            "http://localhost",
            "http://LocalHost.:80",
            "http://127.9.9.9",
            "http://[::1]:80/",
            "http://[::ffff:127.0.0.1]/",
        ] {
            assert_eq!(is_loopback(text), Ok(true), "{text}");
        }
        for text in ["http://localhost.example", "http://10.0.0.1", "http://127.0.0.1.example"] {
            assert_eq!(is_loopback(text), Ok(false), "{text}");
        }
    }
}
