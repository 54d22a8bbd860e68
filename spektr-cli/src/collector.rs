//! The OpenTelemetry collector that traces are sent to.

use spektr_inbox::HttpUrl;

use crate::client::parse_url;

/// The path that OTLP's specification appends to the URL of a collector.
const PATH: &str = "/v1/traces";

/// The URL to which traces are posted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Collector(pub(crate) HttpUrl);

impl Collector {
    /// Returns only host and port, because the rest of a URL can hold a token.
    #[cfg(feature = "otel")]
    pub(crate) fn shown(&self) -> String {
        format!("{}:{}", self.0.host(), self.0.port())
    }

    /// Reads the URL of a collector. An error message quotes no part of the URL.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // The text must be a URL before the path is appended: `http://` is not one.
        parse_url(text)?;
        if text.contains('?') {
            return Err("the URL must not have a query (?)".to_owned());
        }
        parse_url(&format!("{}{PATH}", text.trim_end_matches('/'))).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_of_the_specification_is_added_to_the_url_of_a_collector() {
        let endpoint = |text| Collector::parse(text).map(|collector| collector.0.to_string());
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
        let collector = Collector::parse("https://otlp.example.com/token").expect("a URL");
        assert_eq!(collector.shown(), "otlp.example.com:443");
    }
}
