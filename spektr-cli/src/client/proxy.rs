//! Selects the proxy for a URL from the variables of the environment.
//!
//! `HTTPS_PROXY`, `HTTP_PROXY` and `ALL_PROXY` name a proxy; their names may also be in lower case.
//! `NO_PROXY` lists hosts, domains and networks that are connected to directly. Connections to this
//! machine are always direct, because a proxy cannot reach it.

use axum::http::Uri;
use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use spektr_inbox::HttpUrl;

use crate::failure::Failure;

/// Returns the proxy for a URL, if the environment names one.
pub(super) fn of(url: &HttpUrl) -> Result<Option<Intercept>, Failure> {
    if is_this_machine(url) {
        return Ok(None);
    }
    let scheme = if url.is_encrypted() {
        ["HTTPS_PROXY", "https_proxy"]
    } else {
        ["HTTP_PROXY", "http_proxy"]
    };
    for names in [scheme, ["ALL_PROXY", "all_proxy"]] {
        // Check the value first, because the library ignores a value that it cannot read.
        let set = names.into_iter().find_map(|name| Some((name, std::env::var_os(name)?)));
        let Some((name, value)) = set.filter(|(_, value)| !value.is_empty()) else { continue };
        usable(name, &value.to_string_lossy())?;
        break;
    }
    Ok(Matcher::from_env().intercept(url.as_uri()))
}

/// Refuses a value that names no proxy, and a proxy that does not speak plain HTTP.
fn usable(name: &str, value: &str) -> Result<(), Failure> {
    let any = Uri::from_static("http://any.example/");
    let proxy = Matcher::builder().all(value.to_owned()).build().intercept(&any);
    let is_usable = proxy.is_some_and(|proxy| {
        HttpUrl::parse(&proxy.uri().to_string()).is_ok_and(|url| !url.is_encrypted())
    });
    if is_usable {
        return Ok(());
    }
    Err(Failure::new(format!("{name} must name a proxy, for example http://proxy.example:3128"))
        .hint("NO_PROXY lists the hosts, domains and networks that are connected to directly"))
}

/// Tells whether a URL names this machine.
pub(crate) fn is_this_machine(url: &HttpUrl) -> bool {
    is_own(url, &own_name())
}

fn is_own(url: &HttpUrl, own_name: &str) -> bool {
    let host = url.host();
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_unspecified = matches!(host, "0.0.0.0" | "[::]");
    let (short, _) = own_name.split_once('.').unwrap_or((own_name, ""));
    let is_own_name =
        [own_name, short].iter().any(|own| !own.is_empty() && name.eq_ignore_ascii_case(own));
    url.is_loopback() || is_unspecified || is_own_name
}

/// Returns the host name of this machine.
fn own_name() -> String {
    rustix::system::uname().nodename().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(text: &str) -> HttpUrl {
        HttpUrl::parse(text).expect(text)
    }

    #[test]
    fn knows_the_names_of_this_machine() {
        for text in [
            "http://localhost:8787/",
            "http://localhost./",
            "http://127.0.0.1/",
            "http://[::1]:80/",
            "http://0.0.0.0:8787/",
            "http://[::]/",
            "http://Db1/",
            "http://db1.bank.example./",
        ] {
            assert!(is_own(&url(text), "db1.bank.example"), "{text}");
        }
        for text in ["https://example.com/", "http://db1.other.example/", "http://db/"] {
            assert!(!is_own(&url(text), "db1.bank.example"), "{text}");
        }
    }

    #[test]
    fn a_proxy_is_a_url_of_http_with_a_port_that_exists() {
        for proxy in ["proxy.example:3128", "http://proxy.example", "http://me:word@[::1]:3128/"] {
            assert!(usable("HTTP_PROXY", proxy).is_ok(), "{proxy}");
        }
        let others = ["socks5://x.example", "https://x.example", "http://x.example:99999", "a b"];
        for other in others {
            let said = usable("HTTP_PROXY", other).expect_err(other);
            let expected = "HTTP_PROXY must name a proxy, for example http://proxy.example:3128";
            assert_eq!(said.message(), expected, "{other}");
        }
    }
}
