//! Where events are posted to, and how: from the command line, the environment, or the
//! configuration.

use std::path::PathBuf;

use clap::Args;
use spektr_inbox::HttpUrl;

use crate::cli::quietly;
use crate::client::parse_url;
use crate::config::Config;
use crate::failure::Failure;

const FORWARDING: &str = "Where events are posted to";

/// The options of `serve` about forwarding.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ForwardArguments {
    /// Post each event to this URL
    #[arg(
        long,
        value_name = "URL",
        value_parser = quietly(parse_url),
        help_heading = FORWARDING
    )]
    forward: Option<HttpUrl>,
    /// Forward events of a spektr id one at a time, in the order of their creation
    #[arg(long, help_heading = FORWARDING)]
    ordered: bool,
    /// Sign by Standard Webhooks, with the keys of this file: one or two, whsec_…, a line each
    #[arg(long, value_name = "FILE", help_heading = FORWARDING)]
    forward_keys: Option<PathBuf>,
    /// Add the headers of this file: lines as `authorization: Bearer …`
    #[arg(long, value_name = "FILE", help_heading = FORWARDING)]
    forward_headers: Option<PathBuf>,
}

impl ForwardArguments {
    /// Returns where events are posted to; `None` if they are not.
    pub(crate) fn url(&self, config: &Config) -> Result<Option<HttpUrl>, Failure> {
        let url = self
            .forward
            .clone()
            .or_else(|| config.setting("serve.forward", |text| parse_url(text).ok()));
        if url.is_none() && *self != Self::default() {
            return Err(Failure::new("there is no URL that events are posted to")
                .hint("name it with --forward URL, SPEKTR_SERVE_FORWARD or serve.forward"));
        }
        Ok(url)
    }

    pub(crate) fn is_ordered(&self, config: &Config) -> bool {
        let setting = || config.setting("serve.ordered", |text| text.parse().ok());
        self.ordered || setting().unwrap_or_default()
    }

    pub(crate) fn keys_file(&self, config: &Config) -> Option<PathBuf> {
        self.forward_keys.clone().or_else(|| config.path_setting("serve.forward_keys"))
    }

    pub(crate) fn headers_file(&self, config: &Config) -> Option<PathBuf> {
        self.forward_headers.clone().or_else(|| config.path_setting("serve.forward_headers"))
    }

    /// Returns the files that hold secrets.
    pub(crate) fn secret_files(&self, config: &Config) -> Vec<PathBuf> {
        [self.keys_file(config), self.headers_file(config)].into_iter().flatten().collect()
    }
}
