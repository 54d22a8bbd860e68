//! Traces of deliveries, for an OpenTelemetry collector: the feature `otel`.
//!
//! The spans are those of spektr-inbox and of forwarding. Without the feature no subscriber records
//! them, and each costs one look at a flag.

#[cfg(feature = "otel")]
mod environment;
#[cfg(feature = "otel")]
mod export;
#[cfg(feature = "otel")]
mod propagation;
#[cfg(feature = "otel")]
mod started;
#[cfg(not(feature = "otel"))]
mod without;

use spektr_inbox::HttpUrl;

#[cfg(feature = "otel")]
pub(crate) use self::started::Traces;
#[cfg(not(feature = "otel"))]
pub(crate) use self::without::Traces;
use crate::client::parse_url;
use crate::config::Config;
use crate::failure::Failure;

/// The setting, which `SPEKTR_SERVE_OTLP_ENDPOINT` overrides.
const SETTING: &str = "serve.otlp_endpoint";

/// What is added to the URL of a collector, by the specification of OTLP.
const PATH: &str = "/v1/traces";

/// The URL to which traces are posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Endpoint(HttpUrl);

impl Endpoint {
    /// Returns host and port. The rest of a URL can hold a token.
    #[cfg(feature = "otel")]
    fn collector(&self) -> String {
        format!("{}:{}", self.0.host(), self.0.port())
    }
}

/// Returns the collector that an argument or the configuration names.
///
/// # Errors
///
/// One is named, and the tool is built without the feature.
pub(crate) fn endpoint(
    argument: Option<&Endpoint>,
    config: &Config,
) -> Result<Option<Endpoint>, Failure> {
    let configured = |text: &str| parse_endpoint(text).ok();
    let endpoint = argument.cloned().or_else(|| config.setting(SETTING, configured));
    if endpoint.is_some() && !cfg!(feature = "otel") {
        return Err(Failure::new(
            "this tool is built without the feature otel, which exports traces",
        )
        .hint(
            "build it with that feature: cargo install --locked --path spektr-cli --features otel; \
                 or take away --otlp-endpoint, SPEKTR_SERVE_OTLP_ENDPOINT and serve.otlp_endpoint",
        ));
    }
    Ok(endpoint)
}

/// Reads the URL of a collector; the message of an error quotes nothing of it.
pub(crate) fn parse_endpoint(text: &str) -> Result<Endpoint, String> {
    // It must be a URL by itself: `http://` and a path are none.
    parse_url(text)?;
    if text.contains('?') {
        return Err("the URL must not have a query (?)".to_owned());
    }
    parse_url(&format!("{}{PATH}", text.trim_end_matches('/'))).map(Endpoint)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_specification_is_added_to_the_url_of_a_collector() {
        let endpoint = |text| parse_endpoint(text).map(|endpoint| endpoint.0.to_string());
        for (text, expected) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318/v1/traces"),
            ("http://127.0.0.1:4318/", "http://127.0.0.1:4318/v1/traces"),
            ("https://otlp.example.com/team/", "https://otlp.example.com/team/v1/traces"),
        ] {
            assert_eq!(endpoint(text).as_deref(), Ok(expected));
        }
        for text in ["", "127.0.0.1:4318", "http:///", "http://me:marker@h/", "http://h/?marker"] {
            let said = endpoint(text).expect_err(text);
            assert!(!said.contains("marker"), "{said}");
        }
    }

    #[cfg(feature = "otel")]
    #[test]
    fn a_collector_is_shown_without_what_can_prove_who_sends() {
        let endpoint = parse_endpoint("https://otlp.example.com/token").expect("a URL");
        assert_eq!(endpoint.collector(), "otlp.example.com:443");
    }
}
