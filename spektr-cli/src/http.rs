//! What several commands know of HTTP headers.

use std::net::SocketAddr;

use axum::http::HeaderMap;

use crate::capture::Headers;

/// Headers that belong to one connection (RFC 9110, section 7.6.1), or are set
/// by whoever sends the message.
const OF_THE_CONNECTION: [&str; 11] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "transfer-encoding",
    "upgrade",
];

/// Reads an address to listen on.
pub(crate) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected an IP address and a port, as 127.0.0.1:8787".to_owned())
}

/// Returns the headers that are passed on.
pub(crate) fn end_to_end(headers: &Headers) -> Headers {
    let is_passed_on =
        |name: &str| OF_THE_CONNECTION.iter().all(|other| !other.eq_ignore_ascii_case(name));
    headers.iter().filter(|(name, _)| is_passed_on(name)).cloned().collect()
}

/// Returns all headers of a request, repeated ones too.
pub(crate) fn all(headers: &HeaderMap) -> Headers {
    headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
}
