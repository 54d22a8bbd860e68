//! `spektr config`: checks the configuration, and shows the effective values.

use std::fmt::Write as _;

use clap::Subcommand;
use serde::Serialize;

use crate::arguments::Global;
use crate::config::settings::{KEYS_FILE, STORE};
use crate::config::{Config, ConfigProblem, Described, Origin, SETTINGS};
use crate::failure::{Answer, Failure};
use crate::forwarding::ForwardArguments;
use crate::keys::KeyArguments;
use crate::location::Location;
use crate::sender_list::ListArguments;
use crate::terminal::{bad, careful, columns, faint, good, safe};
use crate::traces;

pub(crate) const SETTINGS_HELP: &str = "\
Example of a file:
  store = 'sqlite://inbox.db'               # relative to this file
  keys_file = 'keys.toml'                   # relative to this file; no secrets here
  signed_content = '{timestamp}.{body}'     # an assumption; `spektr diagnose` confirms it
  signature_format = 'hex'
  tolerance = '5m'

  [send]
  to = 'http://127.0.0.1:8787/'
  envelope = 'type'

  [listen]
  address = '127.0.0.1'
  port = 8787
  forward = 'http://127.0.0.1:3000/webhooks/spektr'
  record = 'deliveries'

  [serve]
  listen = '0.0.0.0:8080'
  operations = '127.0.0.1:8788'
  ops_token_file = 'ops-token.txt'          # the token and nothing else; relative to this file
  source = 'spektr'
  forward = 'https://events.example.com/spektr'
  ordered = true
  give_up_after = '7d'
  hold_on_dead = false                      # true is refused beside keep_dead
  forward_down_after = 5
  forward_first_probe = '10s'
  forward_longest_probe = '1m'
  permanent_statuses = '400,404,410,422'
  forward_keys = 'forward-keys.txt'         # whsec_…, one or two; relative to this file
  forward_headers = 'forward-headers.txt'   # lines such as `authorization: Bearer …`
  forward_ca = 'authority.pem'              # these three are for https
  forward_certificate = 'certificate.pem'
  forward_private_key = 'private-key.pem'
  forward_types = 'alert_created,alert_resolved'
  forward_malformed = true                  # also posts entries that cannot be decoded
  forward_concurrency = 16
  forward_rate = 50                         # posts a second
  forward_timeout = '25s'
  forward_attempts = 20
  forward_first_pause = '1s'                # doubled after each attempt
  forward_longest_pause = '1h'
  quarantine = true                         # for the first days
  log_level = 'info'
  log_format = 'json'
  otlp_endpoint = 'http://127.0.0.1:4318'   # needs a tool with the feature otel
  quick_check = false
  keep_done = '30d'
  keep_dead = '90d'
  keep_parked = '180d'
  keep_rejected = '7d'
  keep_known = '365d'                       # marks of deleted entries

  [reconcile]
  from = 'sandbox'
  api_key_file = 'api-key.txt'              # the key and nothing else
  unit = 'milliseconds'                     # an assumption too
  interval = '5m'
  reach = '1d'

An environment variable overrides each setting, for example SPEKTR_TOLERANCE or SPEKTR_LISTEN_PORT.
The command line overrides both. Any problem is exit code 1, with file, line and column.";

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Check the configuration: shows the problems and their places, or each value and its origin
    #[command(after_help = SETTINGS_HELP)]
    Check,
}

#[derive(Serialize)]
struct ConfigReport {
    file: Option<String>,
    problems: Vec<ConfigProblem>,
    settings: Vec<SettingRow>,
    /// Ids of the signing keys.
    keys: Vec<String>,
    /// Whether there is an API key for the sender's list of events.
    has_api_key: bool,
    /// When an event is given up if the endpoint does not accept it.
    giving_up: Option<String>,
}

#[derive(Serialize)]
struct SettingRow {
    name: &'static str,
    value: Option<String>,
    from: String,
    about: &'static str,
}

pub(crate) fn run(global: &Global) -> Result<Answer, Failure> {
    let (config, mut problems) = Config::read(global.config_file.as_deref())?;
    let settings = SETTINGS.iter().map(|setting| {
        let value = config.value(setting.name());
        SettingRow {
            name: setting.name(),
            value: value.map(|value| shown(*setting, &value.text)),
            from: match value.map(|value| &value.origin) {
                Some(Origin::File { line }) => format!("line {line}"),
                Some(Origin::Environment) => setting.variable(),
                None => setting.unset(),
            },
            about: setting.about(),
        }
    });
    let settings = settings.collect();
    let has_keys = std::env::var_os(spektr_verify::KeyRing::ENV_VAR).is_some()
        || KEYS_FILE.path(None, &config).is_some();
    let keys = match KeyArguments::default().ring(&config) {
        Ok(ring) => ring.ids().map(|id| id.to_string()).collect(),
        Err(failure) if has_keys => {
            problems.push(ConfigProblem::of("keys", failure.message()));
            Vec::new()
        }
        // Not every command needs a key.
        Err(_) => Vec::new(),
    };
    let has_api_key = match ListArguments::default().key(&config) {
        Ok(key) => key.is_some(),
        Err(failure) => {
            problems.push(ConfigProblem::of("API key", failure.message()));
            true
        }
    };
    let giving_up = match ForwardArguments::default().forwarding(&config) {
        Ok(forwarding) => forwarding.map(|forwarding| forwarding.giving_up()),
        Err(failure) => {
            problems.push(ConfigProblem::of("forwarding", failure.message()));
            None
        }
    };
    if let Err(failure) = traces::collector(None, &config) {
        problems.push(ConfigProblem::of("traces", failure.message()));
    }
    let file = config.path.as_ref().map(|path| path.to_string_lossy().into_owned());
    let report = ConfigReport { file, problems, settings, keys, has_api_key, giving_up };
    global.format.print(&report, || text(&report))?;
    Ok(Answer::from_yes(report.problems.is_empty()))
}

/// Returns a value for people, without the secrets in it.
fn shown(setting: &dyn Described, value: &str) -> String {
    match Location::parse(value) {
        Ok(location) if setting.name() == STORE.name => location.shown(),
        _ => value.to_owned(),
    }
}

fn text(report: &ConfigReport) -> String {
    let mut text = String::new();
    if !report.problems.is_empty() {
        for problem in &report.problems {
            let _ = writeln!(text, "{} {problem}", bad("error:"));
        }
        return text;
    }
    let file = report.file.as_deref().map_or_else(|| "no file".into(), safe);
    let _ = writeln!(text, "{} {file}", good("fine:"));
    let rows: Vec<_> = report
        .settings
        .iter()
        .map(|row| {
            let value = row.value.as_deref().map_or_else(|| "-".into(), safe);
            [format!("  {}", row.name), value.into_owned(), row.from.clone()]
        })
        .collect();
    text.push_str(&columns(&rows));
    if report.keys.is_empty() {
        let _ = writeln!(text, "{} none; SPEKTR_WEBHOOK_KEYS is not set", careful("signing keys:"));
    } else {
        let _ = writeln!(text, "signing keys: {}", faint(&report.keys.join(", ")));
    }
    let api_key = if report.has_api_key { "is there" } else { "none; SPEKTR_API_KEY is not set" };
    let _ = writeln!(text, "API key: {}", faint(api_key));
    if let Some(giving_up) = &report.giving_up {
        let _ = writeln!(text, "an event is given up: {}", faint(giving_up));
    }
    text
}
