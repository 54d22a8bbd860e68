//! The variables of OpenTelemetry that this tool reads itself. The crates of OpenTelemetry read the
//! variables of sampling (`OTEL_TRACES_SAMPLER`), headers (`OTEL_EXPORTER_OTLP_HEADERS`), the pace
//! of export (`OTEL_BSP_SCHEDULE_DELAY`), and attributes of the service
//! (`OTEL_RESOURCE_ATTRIBUTES`).

use std::env;
use std::path::PathBuf;
use std::time::Duration;

use crate::client::{Identity, TlsFiles, parse_url};
use crate::collector::Collector;
use crate::failure::Failure;

/// The largest number of waiting spans, unless configured. The specification has the same default.
const QUEUE: usize = 2048;

/// The time limit of an answer, unless configured. The specification has the same default.
const TIMEOUT: Duration = Duration::from_secs(10);

/// Returns the collector that the environment names. A URL for traces is used unchanged. A URL for
/// all signals gets the path for traces.
pub(super) fn collector() -> Result<Option<Collector>, Failure> {
    const OF_TRACES: &str = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT";
    const OF_ALL: &str = "OTEL_EXPORTER_OTLP_ENDPOINT";
    let read = |name, parse: fn(&str) -> Result<Collector, String>| {
        let read = |text: String| parse(&text).map_err(|message| wrong(name, &message));
        text(name)?.map(read).transpose()
    };
    match read(OF_TRACES, |text| parse_url(text).map(Collector))? {
        Some(collector) => Ok(Some(collector)),
        None => read(OF_ALL, Collector::parse),
    }
}

/// Returns the largest number of waiting spans.
pub(super) fn queue() -> Result<usize, Failure> {
    const NAME: &str = "OTEL_BSP_MAX_QUEUE_SIZE";
    Ok(number(NAME)?.map_or(QUEUE, |number| usize::try_from(number).unwrap_or(usize::MAX)))
}

/// Returns the time limit of an answer of the collector.
pub(super) fn timeout() -> Result<Duration, Failure> {
    let of_traces = number("OTEL_EXPORTER_OTLP_TRACES_TIMEOUT")?;
    let millis =
        of_traces.map_or_else(|| number("OTEL_EXPORTER_OTLP_TIMEOUT"), |one| Ok(Some(one)));
    Ok(millis?.map_or(TIMEOUT, Duration::from_millis))
}

/// Returns the files for an encrypted connection to the collector.
pub(super) fn tls_files() -> Result<TlsFiles, Failure> {
    let path = |what| -> Result<Option<PathBuf>, Failure> {
        let of_traces = text(&format!("OTEL_EXPORTER_OTLP_TRACES_{what}"))?;
        let path = match of_traces {
            Some(path) => Some(path),
            None => text(&format!("OTEL_EXPORTER_OTLP_{what}"))?,
        };
        Ok(path.map(PathBuf::from))
    };
    let hint = "name both: OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE and OTEL_EXPORTER_OTLP_CLIENT_KEY";
    let identity = Identity::of(path("CLIENT_CERTIFICATE")?, path("CLIENT_KEY")?, hint)?;
    Ok(TlsFiles { authorities: path("CERTIFICATE")?, identity })
}

/// Reads a variable. An empty one counts as not set, as the specification says.
fn text(name: &str) -> Result<Option<String>, Failure> {
    match env::var(name) {
        Ok(text) if text.is_empty() => Ok(None),
        Ok(text) => Ok(Some(text)),
        Err(env::VarError::NotPresent) => Ok(None),
        Err(env::VarError::NotUnicode(_)) => Err(wrong(name, "it is not Unicode")),
    }
}

fn number(name: &str) -> Result<Option<u64>, Failure> {
    let Some(text) = text(name)? else { return Ok(None) };
    let number = text.parse().ok().filter(|number| *number > 0);
    number.map(Some).ok_or_else(|| wrong(name, "expected a number from 1 on"))
}

fn wrong(name: &str, message: &str) -> Failure {
    Failure::new(format!("{name}: {message}"))
}
