//! Where events are posted to, and how: from the command line, the environment, or the
//! configuration.

mod headers;
mod signature;

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use spektr_inbox::{Backoff, Breaker, HttpUrl};

pub(crate) use self::headers::OwnHeaders;
pub(crate) use self::signature::{Keys, message_id};
use crate::arguments::quietly;
use crate::client::{Identity, TlsFiles, parse_url};
use crate::config::Config;
use crate::failure::Failure;
use crate::time;
use crate::values::{
    EventTypes, PermanentStatuses, parse_attempts, parse_events, parse_pause, parse_rate,
    parse_timeout,
};

const FORWARDING: &str = "Where events are posted to";

/// Posts at a time, unless configured.
const CONCURRENCY: u32 = 16;

/// How long an answer may take, unless configured.
const TIMEOUT: Duration = Duration::from_secs(25);

/// How many attempts an event has, unless configured.
const ATTEMPTS: u32 = 20;

/// The pauses after the first attempt and after the last ones, unless configured.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(3600);

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
    /// With --ordered: a dead letter holds back the later events of its spektr id
    #[arg(long, help_heading = FORWARDING)]
    hold_on_dead: bool,
    /// Sign by Standard Webhooks, with the keys of this file: one or two, whsec_…, a line each
    #[arg(long, value_name = "FILE", help_heading = FORWARDING)]
    forward_keys: Option<PathBuf>,
    /// Add the headers of this file: lines as `authorization: Bearer …`
    #[arg(long, value_name = "FILE", help_heading = FORWARDING)]
    forward_headers: Option<PathBuf>,
    /// Trust the certificate authorities of this PEM file, and no others
    #[arg(long, value_name = "FILE", help_heading = FORWARDING)]
    forward_ca: Option<PathBuf>,
    /// Show the certificate of this PEM file (mutual TLS)
    #[arg(long, value_name = "FILE", help_heading = FORWARDING)]
    forward_certificate: Option<PathBuf>,
    /// The private key of that certificate, a PEM file
    #[arg(long, value_name = "FILE", help_heading = FORWARDING)]
    forward_private_key: Option<PathBuf>,
    /// Forward only events of these types, separated by commas; the others are done
    #[arg(long, value_name = "TYPES", value_parser = EventTypes::parse, help_heading = FORWARDING)]
    forward_types: Option<EventTypes>,
    /// Forward entries that cannot be decoded too, as they arrived
    #[arg(long, help_heading = FORWARDING)]
    forward_malformed: bool,
    /// Posts at a time [preset: 16]
    #[arg(long, value_name = "N", value_parser = parse_events, help_heading = FORWARDING)]
    forward_concurrency: Option<u32>,
    /// Posts a second at most, attempts included [preset: no limit]
    #[arg(long, value_name = "N", value_parser = parse_rate, help_heading = FORWARDING)]
    forward_rate: Option<u32>,
    /// How long an answer may take [preset: 25s]
    #[arg(long, value_name = "DURATION", value_parser = parse_timeout, help_heading = FORWARDING)]
    forward_timeout: Option<Duration>,
    /// How many attempts an event has before it is a dead letter [preset: 20]
    #[arg(long, value_name = "N", value_parser = parse_attempts, help_heading = FORWARDING)]
    forward_attempts: Option<u32>,
    /// Pause after the first attempt, which doubles after each further one [preset: 1s]
    #[arg(long, value_name = "DURATION", value_parser = parse_pause, help_heading = FORWARDING)]
    forward_first_pause: Option<Duration>,
    /// Longest pause between two attempts [preset: 1h]
    #[arg(long, value_name = "DURATION", value_parser = parse_pause, help_heading = FORWARDING)]
    forward_longest_pause: Option<Duration>,
    /// Give an event up that is older, as 7d, when an attempt fails or is put off [preset: never]
    #[arg(long, value_name = "DURATION", value_parser = time::parse_age, help_heading = FORWARDING)]
    give_up_after: Option<Duration>,
    /// Statuses of answers that say that an event will never be accepted [preset: 400,404,410,422]
    #[arg(long, value_name = "STATUSES|none", value_parser = PermanentStatuses::parse, help_heading = FORWARDING)]
    permanent_statuses: Option<PermanentStatuses>,
    /// How many events fail, with none accepted in between, before the endpoint is down [preset: 5]
    #[arg(long, value_name = "N", value_parser = parse_events, help_heading = FORWARDING)]
    forward_down_after: Option<u32>,
    /// Pause before an endpoint that is down is tried, which doubles each time [preset: 10s]
    #[arg(long, value_name = "DURATION", value_parser = parse_pause, help_heading = FORWARDING)]
    forward_first_probe: Option<Duration>,
    /// Longest pause between two tries of an endpoint that is down [preset: 1m]
    #[arg(long, value_name = "DURATION", value_parser = parse_pause, help_heading = FORWARDING)]
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
    /// Posts a second.
    pub(crate) rate: Option<u32>,
    pub(crate) timeout: Duration,
    pub(crate) attempts: u32,
    pub(crate) first_pause: Duration,
    pub(crate) longest_pause: Duration,
    pub(crate) give_up_after: Option<Duration>,
    pub(crate) permanent: PermanentStatuses,
    /// When the endpoint counts as down, and how often it is tried then.
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
    /// Returns how events are forwarded; `None` if they are not.
    pub(crate) fn forwarding(&self, config: &Config) -> Result<Option<Forwarding>, Failure> {
        let url = or(self.forward.as_ref(), config, "serve.forward", parse_url);
        let Some(url) = url else {
            if *self == Self::default() {
                return Ok(None);
            }
            return Err(Failure::new("there is no URL that events are posted to")
                .hint("name it with --forward URL, SPEKTR_SERVE_FORWARD or serve.forward"));
        };
        let span = |argument: &Option<_>, name| or(argument.as_ref(), config, name, parse_pause);
        let first_pause = span(&self.forward_first_pause, "serve.forward_first_pause");
        let longest_pause = span(&self.forward_longest_pause, "serve.forward_longest_pause");
        let first_probe = span(&self.forward_first_probe, "serve.forward_first_probe")
            .unwrap_or(Breaker::DEFAULT_FIRST_INTERVAL);
        let longest_probe = span(&self.forward_longest_probe, "serve.forward_longest_probe")
            .unwrap_or(Breaker::DEFAULT_LONGEST_INTERVAL);
        let down_after =
            or(self.forward_down_after.as_ref(), config, "serve.forward_down_after", parse_events);
        let breaker = Breaker::new().with_probes(first_probe, longest_probe);
        let breaker = match down_after {
            Some(events) => breaker.with_failures(usize::try_from(events).unwrap_or(usize::MAX)),
            None => breaker,
        };
        let is_set = |name| config.setting(name, |text| text.parse().ok()).unwrap_or_default();
        let forwarding = Forwarding {
            tls: self.tls(&url, config)?,
            url,
            is_ordered: self.ordered || is_set("serve.ordered"),
            hold_on_dead: self.hold_on_dead || is_set("serve.hold_on_dead"),
            with_malformed: self.forward_malformed || is_set("serve.forward_malformed"),
            types: or(
                self.forward_types.as_ref(),
                config,
                "serve.forward_types",
                EventTypes::parse,
            ),
            concurrency: or(
                self.forward_concurrency.as_ref(),
                config,
                "serve.forward_concurrency",
                parse_events,
            )
            .unwrap_or(CONCURRENCY),
            rate: or(self.forward_rate.as_ref(), config, "serve.forward_rate", parse_rate),
            timeout: or(
                self.forward_timeout.as_ref(),
                config,
                "serve.forward_timeout",
                parse_timeout,
            )
            .unwrap_or(TIMEOUT),
            attempts: or(
                self.forward_attempts.as_ref(),
                config,
                "serve.forward_attempts",
                parse_attempts,
            )
            .unwrap_or(ATTEMPTS),
            first_pause: first_pause.unwrap_or(FIRST_PAUSE),
            longest_pause: longest_pause.unwrap_or(LONGEST_PAUSE),
            give_up_after: or(
                self.give_up_after.as_ref(),
                config,
                "serve.give_up_after",
                time::parse_age,
            ),
            permanent: or(
                self.permanent_statuses.as_ref(),
                config,
                "serve.permanent_statuses",
                PermanentStatuses::parse,
            )
            .unwrap_or_default(),
            breaker,
        };
        if forwarding.first_pause > forwarding.longest_pause {
            return Err(too_long("pause", forwarding.first_pause, forwarding.longest_pause));
        }
        if first_probe > longest_probe {
            return Err(too_long("probe", first_probe, longest_probe));
        }
        if forwarding.hold_on_dead && !forwarding.is_ordered {
            return Err(Failure::new("without an order nothing is held back on a dead letter")
                .hint("set both: --ordered and --hold-on-dead"));
        }
        Ok(Some(forwarding))
    }

    /// Returns the files for encrypted connections.
    pub(crate) fn tls(&self, url: &HttpUrl, config: &Config) -> Result<TlsFiles, Failure> {
        let path = |argument: &Option<PathBuf>, name| {
            argument.clone().or_else(|| config.path_setting(name))
        };
        let authorities = path(&self.forward_ca, "serve.forward_ca");
        let certificate = path(&self.forward_certificate, "serve.forward_certificate");
        let identity = match (certificate, self.private_key_file(config)) {
            (Some(certificate), Some(private_key)) => Some(Identity { certificate, private_key }),
            (None, None) => None,
            _ => {
                return Err(Failure::new(
                    "a certificate and its private key belong together, and one is missing",
                )
                .hint("name both: --forward-certificate FILE and --forward-private-key FILE"));
            }
        };
        let files = TlsFiles { authorities, identity };
        if files != TlsFiles::default() && !url.is_encrypted() {
            return Err(Failure::new(
                "events would be posted without TLS, and certificates are named for it",
            )
            .hint("name a URL that begins with https://, or no certificates"));
        }
        Ok(files)
    }

    pub(crate) fn keys_file(&self, config: &Config) -> Option<PathBuf> {
        self.forward_keys.clone().or_else(|| config.path_setting("serve.forward_keys"))
    }

    pub(crate) fn headers_file(&self, config: &Config) -> Option<PathBuf> {
        self.forward_headers.clone().or_else(|| config.path_setting("serve.forward_headers"))
    }

    fn private_key_file(&self, config: &Config) -> Option<PathBuf> {
        let configured = || config.path_setting("serve.forward_private_key");
        self.forward_private_key.clone().or_else(configured)
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

/// Returns the argument, or the setting.
fn or<T: Clone>(
    argument: Option<&T>,
    config: &Config,
    name: &str,
    parse: fn(&str) -> Result<T, String>,
) -> Option<T> {
    argument.cloned().or_else(|| config.setting(name, |text| parse(text).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;

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
