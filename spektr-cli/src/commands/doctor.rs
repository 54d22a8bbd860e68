//! `spektr doctor`: checks everything that `serve` depends on.

use clap::Args;

use crate::arguments::Global;
use crate::config::Config;
use crate::config::settings::{LISTEN, OPERATIONS, TOLERANCE};
use crate::doctor::{
    Finding, Severity, addresses, configuration, database, descriptors, destination, disk, file,
    keys, list, secrets,
};
use crate::failure::{Answer, Failure};
use crate::location::Location;
use crate::serving::ServeArguments;
use crate::terminal::{bad, careful, count, good, safe_lines};
use crate::{output, runtime, time};

pub(crate) const EXAMPLES: &str = "\
Examples:
  sudo -u spektr spektr doctor --config /etc/spektr/spektr.toml
  spektr doctor --store sqlite:///var/lib/spektr/inbox.db --forward https://events.example.com/
  spektr doctor --format json | jq -r 'select(.level == \"fault\") | .remedy'

Takes the settings of `spektr serve`, and checks everything that the service depends on: clocks, the
time of a sync, modes of files, free room, the connection to the endpoint, signing keys, the sender's
list, the inbox, the limit of open files, and a pooler in front of PostgreSQL. doctor can run before
the service starts, or beside it. Run it as the account of the service, because another account may
read and write other files.

doctor changes nothing in the inbox, and creates no inbox. It posts nothing: it only connects to the
endpoint. If there is an API key, it asks the sender's list for its newest entry. If an address of the
service is in use, it asks there whether a service is running.

Each line is a finding, with a remedy unless the finding is ok. `serve` works in spite of a warning.
With a fault, `serve` does not start, refuses deliveries, can lose accepted deliveries, or does not
keep a secret. Exit code 1: there is a fault.";

/// Enough room for the log of the inbox (32 MiB) and for the deliveries of some hours.
const LEAST_FREE: u64 = 256 << 20;

#[derive(Args, Clone)]
pub(crate) struct Arguments {
    /// Smallest free room on the disk of an SQLite inbox, for example 500MiB or 2GiB [preset: 256MiB]
    #[arg(long, value_name = "SIZE", value_parser = parse_size)]
    least_free: Option<u64>,
    #[command(flatten)]
    serving: ServeArguments,
}

/// Reads a number of bytes with a unit.
fn parse_size(text: &str) -> Result<u64, String> {
    const EXPECTED: &str = "expected a number and MiB, GiB or TiB, for example 500MiB";
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let bytes = match unit {
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        "TiB" => 1 << 40,
        _ => return Err(EXPECTED.to_owned()),
    };
    let size = number.parse::<u64>().ok().and_then(|number| number.checked_mul(bytes));
    size.ok_or_else(|| EXPECTED.to_owned())
}

pub(crate) fn run(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let (config, problems) = Config::read(global.config_file.as_deref())?;
    let Arguments { serving, .. } = arguments;
    let least_free = arguments.least_free.unwrap_or(LEAST_FREE);
    let mut report = FindingPrinter { global, faults: 0, warnings: 0 };
    report.add(configuration::configuration(&config, &problems, serving))?;
    report.add(keys::keys(serving, &config, time::now()))?;
    report.add(secrets::secrets(serving, &config))?;
    runtime::block_on(async {
        match serving.store.location(&config) {
            Location::Sqlite(path) => {
                report.add(disk::disk(&path, least_free))?;
                report.add(file::file(&path))?;
            }
            Location::Postgres(url) => report.add(database::database(&url).await)?,
        }
        let posted = match serving.forwarding(&config) {
            Ok(forwarding) => {
                let public = LISTEN.value(serving.listen, &config);
                let private = OPERATIONS.value(serving.operations, &config);
                report.add(addresses::addresses(public, private, forwarding.as_ref()))?;
                report.add(destination::destination(forwarding.as_ref()).await)?;
                forwarding.map_or(0, |forwarding| forwarding.concurrency)
            }
            Err(failure) => {
                let otherwise = "see the options --forward-… of `spektr help serve`";
                report.add(vec![Finding::failed("forwarding", &failure, otherwise)])?;
                0
            }
        };
        let tolerance = TOLERANCE.value(serving.tolerance, &config);
        report.add(list::list(serving, &config, tolerance).await)?;
        report.add(descriptors::descriptors(posted))
    })?;
    report.end()
}

/// Prints each finding at once, and counts warnings and faults.
struct FindingPrinter<'r> {
    global: &'r Global,
    faults: usize,
    warnings: usize,
}

impl FindingPrinter<'_> {
    fn add(&mut self, findings: Vec<Finding>) -> Result<(), Failure> {
        for finding in findings {
            match finding.level {
                Severity::Ok => {}
                Severity::Warning => self.warnings += 1,
                Severity::Fault => self.faults += 1,
            }
            self.global.format.print(&finding, || text(&finding))?;
        }
        Ok(())
    }

    fn end(self) -> Result<Answer, Failure> {
        if !self.global.is_json() {
            output::print(&format!("{}\n", verdict(self.faults, self.warnings)))?;
        }
        Ok(Answer::from_yes(self.faults == 0))
    }
}

fn verdict(faults: usize, warnings: usize) -> String {
    let warned = count(warnings, "warning", "warnings");
    match (faults, warnings) {
        (0, 0) => good("all is well"),
        (0, _) => format!("{}, {warned}", good("no fault")),
        (_, 0) => bad(&count(faults, "fault", "faults")),
        _ => format!("{}, {warned}", bad(&count(faults, "fault", "faults"))),
    }
}

fn text(finding: &Finding) -> String {
    let name = format!("{}:", finding.level.name());
    let level = match finding.level {
        Severity::Ok => good(&name),
        Severity::Warning => careful(&name),
        Severity::Fault => bad(&name),
    };
    let Finding { subject, text, .. } = finding;
    let remedy = finding.remedy.as_ref().map(|remedy| format!("; {remedy}")).unwrap_or_default();
    // The name of a file can contain a line break.
    let rest = safe_lines(&format!("{subject}: {text}{remedy}")).replace('\n', " ");
    format!("{level} {rest}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verdict_counts_what_is_not_ok() {
        let verdict =
            |faults, warnings| anstream::adapter::strip_str(&verdict(faults, warnings)).to_string();
        assert_eq!(verdict(0, 0), "all is well");
        assert_eq!(verdict(0, 2), "no fault, 2 warnings");
        assert_eq!(verdict(2, 0), "2 faults");
        assert_eq!(verdict(1, 1), "1 fault, 1 warning");
    }

    #[test]
    fn a_size_has_a_unit() {
        assert_eq!(parse_size("500MiB"), Ok(500 << 20));
        assert_eq!(parse_size("2GiB"), Ok(2 << 30));
        for text in ["", "500", "MiB", "1.5GiB", "-1GiB", "99999999999999TiB"] {
            assert!(
                parse_size(text).is_err_and(|message| message.starts_with("expected")),
                "{text}"
            );
        }
    }
}
