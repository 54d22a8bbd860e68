//! Addresses, sockets and HTTP headers, for several commands.

use std::net::SocketAddr;

use axum::http::HeaderMap;
use tokio::net::TcpListener;

use crate::capture::Headers;
use crate::failure::Failure;

/// Headers that belong to one connection (RFC 9110, section 7.6.1), or that each sender of a
/// message sets itself.
const OF_THE_CONNECTION: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "keep-alive",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// Reads an address to listen on.
pub(crate) fn parse_address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| "expected an IP address and a port, as 127.0.0.1:8787".to_owned())
}

/// Binds a socket. The hint of the failure says how to choose another address.
pub(crate) async fn bind(address: SocketAddr, hint: &str) -> Result<TcpListener, Failure> {
    TcpListener::bind(address).await.map_err(|error| {
        Failure::caused_by(format!("cannot listen on {address}"), &error).hint(hint)
    })
}

/// Returns the address of a socket. With port 0 only this tells the port.
pub(crate) fn address_of(listener: &TcpListener) -> Result<SocketAddr, Failure> {
    listener
        .local_addr()
        .map_err(|error| Failure::caused_by("cannot read the address of the socket", &error))
}

/// Returns the headers to pass on to another connection.
pub(crate) fn end_to_end(headers: &Headers) -> Headers {
    // The header `Connection` names further headers that apply to this connection only.
    let named: Vec<String> = headers
        .iter()
        .filter(|(name, _)| name.eq_ignore_ascii_case("connection"))
        .flat_map(|(_, value)| value.split(|byte| *byte == b','))
        .map(|name| String::from_utf8_lossy(name.trim_ascii()).into_owned())
        .collect();
    let is_passed_on = |name: &str| {
        let mut others = OF_THE_CONNECTION.into_iter().chain(named.iter().map(String::as_str));
        others.all(|other| !other.eq_ignore_ascii_case(name))
    };
    headers.iter().filter(|(name, _)| is_passed_on(name)).cloned().collect()
}

/// Returns all headers of a message, including repeated ones.
pub(crate) fn all(headers: &HeaderMap) -> Headers {
    headers.iter().map(|(name, value)| (name.to_string(), value.as_bytes().to_vec())).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_belongs_to_a_connection_stays_there() {
        let headers = |names: &[&str]| -> Headers {
            names.iter().map(|name| ((*name).to_owned(), b"Keep-Alive, X-Hop".to_vec())).collect()
        };
        let given = headers(&["Connection", "x-hop", "Trailer", "TE", "content-encoding", "x"]);
        assert_eq!(end_to_end(&given), headers(&["content-encoding", "x"]));
        // Only the header `Connection` names further headers.
        assert_eq!(end_to_end(&headers(&["x", "x-hop"])), headers(&["x", "x-hop"]));
    }
}
