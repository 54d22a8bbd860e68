//! The sending side of HTTP: one POST at a time, with the headers as given.
//!
//! Nothing is followed, unpacked or added that the sender does not do, so that
//! a receiver sees what it would see from the vendor.

use std::sync::Arc;
use std::time::Duration;

use ureq::http::{HeaderName, HeaderValue, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::capture::Headers;
use crate::output::safe;

/// Posts deliveries; keeps its connection between them.
#[derive(Clone)]
pub(crate) struct Client {
    agent: ureq::Agent,
    uri: Uri,
}

/// What a receiver answered.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: Option<String>,
    pub(crate) body: Vec<u8>,
}

impl Client {
    /// The status that acknowledges a delivery; any other is a failure to the sender.
    pub(crate) const ACKNOWLEDGED: u16 = 200;

    /// Takes a URL that [`parse_url`] accepts, and how long an answer may take.
    pub(crate) fn new(uri: Uri, timeout: Duration) -> Self {
        let mut config = ureq::Agent::config_builder()
            .timeout_global(Some(timeout))
            .http_status_as_error(false)
            .max_redirects(0)
            .user_agent("")
            .accept("")
            .accept_encoding("");
        if uri.scheme_str() == Some("https") {
            config = config.tls_config(tls());
        }
        // A proxy in the environment cannot reach this machine's own addresses.
        if is_loopback(&uri) {
            config = config.proxy(None);
        }
        Self { agent: config.build().new_agent(), uri }
    }

    /// Posts a body; an error says why no answer came.
    pub(crate) fn post(&self, headers: &Headers, body: &[u8]) -> Result<Reply, String> {
        const LONGEST_ANSWER: u64 = 1 << 20;
        let mut request = self.agent.post(&self.uri);
        for (name, value) in headers {
            let name = HeaderName::try_from(name.as_str()).map_err(|error| error.to_string())?;
            let value = HeaderValue::from_bytes(value).map_err(|error| error.to_string())?;
            request = request.header(name, value);
        }
        let mut response = request.send(body).map_err(|error| reason(&error))?;
        let content_type = response.headers().get("content-type");
        let content_type = content_type.and_then(|v| v.to_str().ok()).map(str::to_owned);
        let status = response.status().as_u16();
        let body = response.body_mut().with_config().limit(LONGEST_ANSWER).read_to_vec();
        Ok(Reply { status, content_type, body: body.unwrap_or_default() })
    }
}

/// Returns how to speak TLS: with the operating system's trusted certificates,
/// or those that `SSL_CERT_FILE` names.
fn tls() -> TlsConfig {
    // An error means that there is a provider already.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificates = rustls_native_certs::load_native_certs().certs;
    let certificates = certificates.iter().map(|der| Certificate::from_der(der).to_owned());
    TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(certificates.collect()))).build()
}

/// Reads the URL of a receiver.
pub(crate) fn parse_url(text: &str) -> Result<Uri, String> {
    let uri: Uri =
        text.parse().map_err(|_| "expected a URL, as http://localhost:8787/".to_owned())?;
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        return Err("the URL must not have a user name and password in it".to_owned());
    }
    match uri.scheme_str() {
        Some("http" | "https") if uri.host().is_some_and(|host| !host.is_empty()) => Ok(uri),
        Some("http" | "https") => Err("the URL has no host".to_owned()),
        _ => Err("the URL must begin with http:// or https://".to_owned()),
    }
}

fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    let address = host.parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

fn reason(error: &ureq::Error) -> String {
    match error {
        ureq::Error::Timeout(_) => "no answer in time".to_owned(),
        ureq::Error::Io(error) if error.kind() == std::io::ErrorKind::ConnectionRefused => {
            "connection refused".to_owned()
        }
        other => safe(&other.to_string()).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_what_is_no_url_of_a_receiver() {
        let message = |text| parse_url(text).expect_err(text);
        assert_eq!(message("localhost:8787"), "the URL must begin with http:// or https://");
        assert_eq!(message("ftp://example.com/"), "the URL must begin with http:// or https://");
        assert_eq!(
            message("https://name:word@example.com/"),
            "the URL must not have a user name and password in it",
        );
        assert_eq!(message("not a url"), "expected a URL, as http://localhost:8787/");
    }

    #[test]
    fn knows_the_addresses_of_this_machine() {
        let loopback = |text| is_loopback(&parse_url(text).expect(text));
        assert!(loopback("http://localhost:8787/"));
        assert!(loopback("http://127.0.0.1/"));
        assert!(loopback("http://[::1]:80/"));
        assert!(!loopback("https://example.com/"));
    }
}
