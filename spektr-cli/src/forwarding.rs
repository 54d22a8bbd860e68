//! The settings of forwarding: the URL that events are posted to, and how they are posted. They
//! come from the command line, the environment, or the configuration.

mod headers;
mod signature;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use spektr_inbox::{Backoff, Breaker, HttpUrl};

pub(crate) use self::headers::OwnHeaders;
pub(crate) use self::signature::{ForwardKeys, message_id};
use crate::arguments::quietly;
use crate::client::{Identity, TlsFiles};
use crate::config::Config;
use crate::config::settings::{
    FORWARD, FORWARD_ATTEMPTS, FORWARD_CA, FORWARD_CERTIFICATE, FORWARD_CONCURRENCY,
    FORWARD_DOWN_AFTER, FORWARD_FIRST_PAUSE, FORWARD_FIRST_PROBE, FORWARD_HEADERS, FORWARD_KEYS,
    FORWARD_LONGEST_PAUSE, FORWARD_LONGEST_PROBE, FORWARD_MALFORMED, FORWARD_PRIVATE_KEY,
    FORWARD_RATE, FORWARD_TIMEOUT, FORWARD_TYPES, GIVE_UP_AFTER, HOLD_ON_DEAD, ORDERED,
    PERMANENT_STATUSES,
};
use crate::failure::Failure;
use crate::time;
use crate::values::{EventTypes, PermanentStatuses};

const FORWARDING: &str = "Where events are posted to";

/// The options of `serve` about forwarding.
#[derive(Args, Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ForwardArguments {
    #[arg(long, help = FORWARD.help(), value_name = "URL", help_heading = FORWARDING, value_parser = quietly(FORWARD.parser()))]
    forward: Option<HttpUrl>,
    #[arg(long, help = ORDERED.help(), help_heading = FORWARDING)]
    ordered: bool,
    #[arg(long, help = HOLD_ON_DEAD.help(), help_heading = FORWARDING)]
    hold_on_dead: bool,
    #[arg(long, help = FORWARD_KEYS.help(), value_name = "FILE", help_heading = FORWARDING, value_parser = FORWARD_KEYS.parser())]
    forward_keys: Option<PathBuf>,
    #[arg(long, help = FORWARD_HEADERS.help(), value_name = "FILE", help_heading = FORWARDING, value_parser = FORWARD_HEADERS.parser())]
    forward_headers: Option<PathBuf>,
    #[arg(long, help = FORWARD_CA.help(), value_name = "FILE", help_heading = FORWARDING, value_parser = FORWARD_CA.parser())]
    forward_ca: Option<PathBuf>,
    #[arg(long, help = FORWARD_CERTIFICATE.help(), value_name = "FILE", help_heading = FORWARDING, value_parser = FORWARD_CERTIFICATE.parser())]
    forward_certificate: Option<PathBuf>,
    #[arg(long, help = FORWARD_PRIVATE_KEY.help(), value_name = "FILE", help_heading = FORWARDING, value_parser = FORWARD_PRIVATE_KEY.parser())]
    forward_private_key: Option<PathBuf>,
    #[arg(long, help = FORWARD_TYPES.help(), value_name = "TYPES", help_heading = FORWARDING, value_parser = FORWARD_TYPES.parser())]
    forward_types: Option<EventTypes>,
    #[arg(long, help = FORWARD_MALFORMED.help(), help_heading = FORWARDING)]
    forward_malformed: bool,
    #[arg(long, help = FORWARD_CONCURRENCY.help(), value_name = "N", help_heading = FORWARDING, value_parser = FORWARD_CONCURRENCY.parser())]
    forward_concurrency: Option<u32>,
    #[arg(long, help = FORWARD_RATE.help(), value_name = "N", help_heading = FORWARDING, value_parser = FORWARD_RATE.parser())]
    forward_rate: Option<u32>,
    #[arg(long, help = FORWARD_TIMEOUT.help(), value_name = "DURATION", help_heading = FORWARDING, value_parser = FORWARD_TIMEOUT.parser())]
    forward_timeout: Option<Duration>,
    #[arg(long, help = FORWARD_ATTEMPTS.help(), value_name = "N", help_heading = FORWARDING, value_parser = FORWARD_ATTEMPTS.parser())]
    forward_attempts: Option<u32>,
    #[arg(long, help = FORWARD_FIRST_PAUSE.help(), value_name = "DURATION", help_heading = FORWARDING, value_parser = FORWARD_FIRST_PAUSE.parser())]
    forward_first_pause: Option<Duration>,
    #[arg(long, help = FORWARD_LONGEST_PAUSE.help(), value_name = "DURATION", help_heading = FORWARDING, value_parser = FORWARD_LONGEST_PAUSE.parser())]
    forward_longest_pause: Option<Duration>,
    #[arg(long, help = GIVE_UP_AFTER.help(), value_name = "DURATION", help_heading = FORWARDING, value_parser = GIVE_UP_AFTER.parser())]
    give_up_after: Option<Duration>,
    #[arg(long, help = PERMANENT_STATUSES.help(), value_name = "STATUSES|none", help_heading = FORWARDING, value_parser = PERMANENT_STATUSES.parser())]
    permanent_statuses: Option<PermanentStatuses>,
    #[arg(long, help = FORWARD_DOWN_AFTER.help(), value_name = "N", help_heading = FORWARDING, value_parser = FORWARD_DOWN_AFTER.parser())]
    forward_down_after: Option<u32>,
    #[arg(long, help = FORWARD_FIRST_PROBE.help(), value_name = "DURATION", help_heading = FORWARDING, value_parser = FORWARD_FIRST_PROBE.parser())]
    forward_first_probe: Option<Duration>,
    #[arg(long, help = FORWARD_LONGEST_PROBE.help(), value_name = "DURATION", help_heading = FORWARDING, value_parser = FORWARD_LONGEST_PROBE.parser())]
    forward_longest_probe: Option<Duration>,
}

/// How events are forwarded.
#[derive(Debug)]
pub(crate) struct Forwarding {
    pub(crate) url: HttpUrl,
    pub(crate) is_ordered: bool,
    pub(crate) hold_on_dead: bool,
    /// Whether entries that cannot be decoded are forwarded.
    pub(crate) with_malformed: bool,
    pub(crate) tls: TlsFiles,
    pub(crate) types: Option<EventTypes>,
    pub(crate) concurrency: u32,
    /// The largest number of posts per second.
    pub(crate) rate: Option<u32>,
    pub(crate) timeout: Duration,
    pub(crate) attempts: u32,
    pub(crate) first_pause: Duration,
    pub(crate) longest_pause: Duration,
    pub(crate) give_up_after: Option<Duration>,
    pub(crate) permanent: PermanentStatuses,
    /// Decides when the endpoint counts as down, and how often it is tried while it is down.
    pub(crate) breaker: Breaker,
}

impl Forwarding {
    /// Says when an event is given up.
    pub(crate) fn giving_up(&self) -> String {
        let horizon = Backoff::new(self.first_pause, self.longest_pause).horizon(self.attempts);
        let (shortest, longest) = (time::span(*horizon.start()), time::span(*horizon.end()));
        let attempts = format!("after {} attempts, {shortest} to {longest}", self.attempts);
        match self.give_up_after {
            Some(age) => format!("{attempts}, or {} after its arrival", time::span(age)),
            None => attempts,
        }
    }
}

impl ForwardArguments {
    /// Returns how events are forwarded; `None` without a URL to forward to.
    pub(crate) fn forwarding(&self, config: &Config) -> Result<Option<Forwarding>, Failure> {
        let url = FORWARD.chosen(self.forward.clone(), config);
        let Some(url) = url else {
            if *self == Self::default() {
                return Ok(None);
            }
            return Err(Failure::new("there is no URL to post events to")
                .hint("name it with --forward URL, SPEKTR_SERVE_FORWARD or serve.forward"));
        };
        let first_probe = FORWARD_FIRST_PROBE.value(self.forward_first_probe, config);
        let longest_probe = FORWARD_LONGEST_PROBE.value(self.forward_longest_probe, config);
        let down_after = FORWARD_DOWN_AFTER.value(self.forward_down_after, config);
        let forwarding = Forwarding {
            tls: self.tls(&url, config)?,
            url,
            is_ordered: ORDERED.is_on(self.ordered, config),
            hold_on_dead: HOLD_ON_DEAD.is_on(self.hold_on_dead, config),
            with_malformed: FORWARD_MALFORMED.is_on(self.forward_malformed, config),
            types: FORWARD_TYPES.chosen(self.forward_types.clone(), config),
            concurrency: FORWARD_CONCURRENCY.value(self.forward_concurrency, config),
            rate: FORWARD_RATE.chosen(self.forward_rate, config),
            timeout: FORWARD_TIMEOUT.value(self.forward_timeout, config),
            attempts: FORWARD_ATTEMPTS.value(self.forward_attempts, config),
            first_pause: FORWARD_FIRST_PAUSE.value(self.forward_first_pause, config),
            longest_pause: FORWARD_LONGEST_PAUSE.value(self.forward_longest_pause, config),
            give_up_after: GIVE_UP_AFTER.chosen(self.give_up_after, config),
            permanent: PERMANENT_STATUSES.value(self.permanent_statuses.clone(), config),
            breaker: Breaker::new()
                .with_probes(first_probe, longest_probe)
                .with_failures(usize::try_from(down_after).unwrap_or(usize::MAX)),
        };
        if forwarding.first_pause > forwarding.longest_pause {
            return Err(too_long("pause", forwarding.first_pause, forwarding.longest_pause));
        }
        if first_probe > longest_probe {
            return Err(too_long("probe", first_probe, longest_probe));
        }
        if forwarding.hold_on_dead && !forwarding.is_ordered {
            return Err(Failure::new("a dead letter holds events back only if they are ordered")
                .hint("set both: --ordered and --hold-on-dead"));
        }
        Ok(Some(forwarding))
    }

    /// Returns the files for encrypted connections.
    pub(crate) fn tls(&self, url: &HttpUrl, config: &Config) -> Result<TlsFiles, Failure> {
        let authorities = FORWARD_CA.path(self.forward_ca.as_ref(), config);
        let certificate = FORWARD_CERTIFICATE.path(self.forward_certificate.as_ref(), config);
        let hint = "name both: --forward-certificate FILE and --forward-private-key FILE";
        let identity = Identity::of(certificate, self.private_key_file(config), hint)?;
        let files = TlsFiles { authorities, identity };
        if files != TlsFiles::default() && !url.is_encrypted() {
            return Err(Failure::new(
                "certificates for TLS are named, but events would be posted without TLS",
            )
            .hint("name a URL that begins with https://, or remove the certificates"));
        }
        Ok(files)
    }

    pub(crate) fn keys_file(&self, config: &Config) -> Option<PathBuf> {
        FORWARD_KEYS.path(self.forward_keys.as_ref(), config)
    }

    pub(crate) fn headers_file(&self, config: &Config) -> Option<PathBuf> {
        FORWARD_HEADERS.path(self.forward_headers.as_ref(), config)
    }

    fn private_key_file(&self, config: &Config) -> Option<PathBuf> {
        FORWARD_PRIVATE_KEY.path(self.forward_private_key.as_ref(), config)
    }

    /// Returns the files that hold secrets.
    pub(crate) fn secret_files(&self, config: &Config) -> Vec<PathBuf> {
        let files =
            [self.keys_file(config), self.headers_file(config), self.private_key_file(config)];
        files.into_iter().flatten().collect()
    }
}

fn too_long(what: &str, first: Duration, longest: Duration) -> Failure {
    let (first, longest) = (time::span(first), time::span(longest));
    Failure::new(format!(
        "the first {what} of forwarding, {first}, is longer than the longest, {longest}"
    ))
    .hint(format!("set both: --forward-first-{what} and --forward-longest-{what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::parse_url;

    #[test]
    fn when_an_event_is_given_up_is_computed() {
        let url = parse_url("http://127.0.0.1/").expect("a URL");
        let arguments = ForwardArguments { forward: Some(url), ..ForwardArguments::default() };
        let giving_up = |arguments: &ForwardArguments| {
            let forwarding = arguments.forwarding(&Config::default());
            forwarding.expect("is right").expect("is there").giving_up()
        };
        assert_eq!(giving_up(&arguments), "after 20 attempts, 4 h 4 min to 8 h 8 min");
        let arguments = ForwardArguments {
            forward_attempts: Some(2),
            give_up_after: Some(Duration::from_secs(7 * 24 * 3600)),
            ..arguments
        };
        assert_eq!(giving_up(&arguments), "after 2 attempts, 0 s to 1 s, or 7 d after its arrival");
    }
}
