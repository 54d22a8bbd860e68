//! Fetches one page over HTTP: as Markdown if the server has it, and only if it changed.
//!
//! Invariants: sizes and times are limited; plain HTTP is used only for the loopback interface.

use std::cell::RefCell;
use std::fs;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, bail, ensure};
use serde::{Deserialize, Serialize};
use ureq::http::Uri;
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use crate::workspace;

/// The longest time of one request.
const TIMEOUT: Duration = Duration::from_secs(30);
const MOST_REDIRECTS: u32 = 4;

pub(super) struct PageClient {
    agent: ureq::Agent,
    /// The page and its headers, written by [`PageClient::keep`] after the page has been read.
    pending: RefCell<Option<(KeptHeaders, Vec<u8>)>>,
}

/// A page, and whether it differs from the kept one.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum FetchedPage {
    New(Vec<u8>),
    Unchanged(Vec<u8>),
}

/// The server's headers of the kept page.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct KeptHeaders {
    /// The address in the list.
    address: String,
    /// The address that answered.
    fetched: String,
    etag: Option<String>,
    last_modified: Option<String>,
}

/// Refuses an address unless it is an HTTPS or loopback URL without user and query.
pub(super) fn check(address: &str) -> Result<()> {
    let uri: Uri = address.parse().with_context(|| format!("`{address}` is not an address"))?;
    let host = uri.host().unwrap_or_default();
    ensure!(!host.is_empty(), "`{address}` has no host");
    let plain = address.contains('@') || address.contains('?');
    ensure!(!plain, "`{address}` has a user or a query: remove them from the address");
    match uri.scheme_str() {
        Some("https") => Ok(()),
        Some("http") if is_loopback(host) => Ok(()),
        _ => bail!("`{address}` does not begin with https://"),
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    host.eq_ignore_ascii_case("localhost") || address.is_ok_and(|address| address.is_loopback())
}

impl PageClient {
    pub(super) fn new() -> Self {
        let config = ureq::Agent::config_builder()
            .timeout_global(Some(TIMEOUT))
            .http_status_as_error(false)
            .max_redirects(MOST_REDIRECTS)
            .accept("text/markdown, text/html;q=0.5, text/plain;q=0.5")
            .user_agent(concat!("spektr-webhooks-docs-watch/", env!("CARGO_PKG_VERSION")))
            .tls_config(tls())
            .build();
        Self { agent: config.new_agent(), pending: RefCell::new(None) }
    }

    /// Fetches a page: first its address with `.md` appended, then the address itself.
    pub(super) fn fetch(&self, address: &str, base: &Path) -> Result<FetchedPage> {
        let page = base.with_extension("page");
        let kept = fs::read_to_string(base.with_extension("json")).ok();
        let kept: KeptHeaders = kept
            .and_then(|text| serde_json::from_str(&text).ok())
            .filter(|kept: &KeptHeaders| kept.address == address && page.exists())
            .unwrap_or_default();
        let markdown = format!("{}.md", address.trim_end_matches('/'));
        let addresses =
            if address.ends_with(".md") { vec![address] } else { vec![markdown.as_str(), address] };
        let mut status = 0;
        for fetched in addresses {
            let mut request = self.agent.get(fetched);
            if kept.fetched == fetched {
                let conditions =
                    [("if-none-match", &kept.etag), ("if-modified-since", &kept.last_modified)];
                for (name, value) in conditions {
                    if let Some(value) = value {
                        request = request.header(name, value);
                    }
                }
            }
            let mut response = request.call().with_context(|| format!("cannot fetch {fetched}"))?;
            status = response.status().as_u16();
            match status {
                200 => {}
                304 if kept.fetched == fetched => {
                    let bytes = fs::read(&page)
                        .with_context(|| format!("cannot read {}", page.display()))?;
                    *self.pending.borrow_mut() = None;
                    return Ok(FetchedPage::Unchanged(bytes));
                }
                // The server has no Markdown version of this page.
                400..=499 => continue,
                _ => bail!("{fetched} answered with status {status}"),
            }
            let header = |name: &str| {
                let value = response.headers().get(name).and_then(|value| value.to_str().ok());
                value.map(str::to_owned)
            };
            let now = KeptHeaders {
                address: address.to_owned(),
                fetched: fetched.to_owned(),
                etag: header("etag"),
                last_modified: header("last-modified"),
            };
            let limit = u64::try_from(spektr_doc_reader::MAX_BYTES)?;
            let bytes = response
                .body_mut()
                .with_config()
                .limit(limit)
                .read_to_vec()
                .with_context(|| format!("cannot read the response of {fetched}"))?;
            let same = fs::read(&page).is_ok_and(|old| kept.fetched == fetched && old == bytes);
            *self.pending.borrow_mut() = Some((now, bytes.clone()));
            return Ok(if same { FetchedPage::Unchanged(bytes) } else { FetchedPage::New(bytes) });
        }
        bail!("{address} answered with status {status}")
    }

    /// Keeps the last fetched page.
    pub(super) fn keep(&self, base: &Path) -> Result<()> {
        let Some((kept, bytes)) = self.pending.borrow_mut().take() else { return Ok(()) };
        let state = base.with_extension("json");
        // Removes the state before the page changes: after a crash, a page without its state is
        // fetched again, but a page with the state of another page is not.
        if state.exists() {
            fs::remove_file(&state)?;
        }
        workspace::write(&base.with_extension("page"), bytes)?;
        workspace::write(&state, serde_json::to_string_pretty(&kept)? + "\n")
    }
}

/// Configures TLS with the operating system's trusted certificates.
fn tls() -> TlsConfig {
    // An error means that a provider is already installed.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let certificates = rustls_native_certs::load_native_certs().certs;
    let certificates = certificates.iter().map(|der| Certificate::from_der(der).to_owned());
    TlsConfig::builder().root_certs(RootCerts::Specific(Arc::new(certificates.collect()))).build()
}
