//! An inbox in PostgreSQL: the server, the rights of the role, and a pooler in front of the server.

use std::time::Duration;

use spektr_inbox::store::postgres::{Inspection, OpenError, Standbys, Tables};

use super::Finding;
use super::clock::clock;
use crate::failure::Failure;
use crate::location::Location;
use crate::store::StoreArguments;
use crate::terminal::safe;

/// From this difference on, the service is not ready.
const CLOCK_TOO_FAR: Duration = Duration::from_secs(300);

/// Examines a database. Changes and creates nothing in it.
pub(crate) async fn database(url: &str) -> Vec<Finding> {
    let subject = format!("inbox {}", Location::Postgres(url.to_owned()).shown());
    match StoreArguments::inspect(url).await {
        Ok(inspection) => of(&subject, &inspection),
        Err(error) => vec![unreachable_for(&subject, &error)],
    }
}

fn of(subject: &str, inspection: &Inspection) -> Vec<Finding> {
    let mut findings = vec![tables(subject, inspection)];
    findings.extend(rights(subject, inspection));
    findings.push(clock("the database", inspection.clock_ahead_ms, CLOCK_TOO_FAR));
    findings.extend(durability(subject, inspection));
    findings.push(standbys(subject, inspection));
    findings
}

/// Says why there is no connection. Some errors have other texts here: the text of the
/// library ends with a remedy, which would be printed twice.
fn unreachable_for(subject: &str, error: &OpenError) -> Finding {
    match error {
        OpenError::Pooler => Finding::fault(
            subject,
            "a pooler in front of the database pools transactions, and the store needs sessions",
            "set its pool_mode to session, or connect to the database itself",
        ),
        OpenError::Tls { source } => Finding::fault(
            subject,
            Failure::caused_by("there is no connection by TLS", &**source).message(),
            "name the server's certificate authority with sslrootcert=FILE in the URL, or turn TLS \
             off with sslmode=disable",
        ),
        _ => Finding::fault(
            subject,
            Failure::of(error).message(),
            "see that the server runs, takes writes and lets this role in, and that the URL is right",
        ),
    }
}

fn tables(subject: &str, inspection: &Inspection) -> Finding {
    let Inspection { known, may_migrate, .. } = *inspection;
    let role = safe(&inspection.role);
    let by_hand = |more: &str| {
        format!(
            "let a role with that right run the SQL of `spektr inbox schema{more} --role {role}`"
        )
    };
    match inspection.tables {
        Tables::Missing if may_migrate => {
            Finding::ok(subject, "there are no tables yet, `serve` creates them")
        }
        Tables::Missing => Finding::fault(
            subject,
            format!("there are no tables, and role {role} may not create them"),
            by_hand(""),
        ),
        Tables::Version(version) if version == known => {
            Finding::ok(subject, format!("version {version}"))
        }
        Tables::Version(version) if version > known => Finding::fault(
            subject,
            format!("the tables have version {version}, and this program knows {known}"),
            "run the version of spektr that has created them, or a later one",
        ),
        Tables::Version(version) if may_migrate => {
            Finding::ok(subject, format!("version {version}, `serve` migrates it to {known}"))
        }
        Tables::Version(version) => Finding::fault(
            subject,
            format!("version {version}, and role {role} may not migrate it to {known}"),
            by_hand(&format!(" --from {version}")),
        ),
        Tables::OfOtherProgram => Finding::fault(
            subject,
            "the schema spektr_inbox belongs to another program",
            "name another database",
        ),
        _ => Finding::fault(
            subject,
            format!("role {role} may not read the version of the tables"),
            format!(
                "let the owner of the tables grant it: `spektr inbox schema --role {role}` ends with \
                 the GRANT statements"
            ),
        ),
    }
}

fn rights(subject: &str, inspection: &Inspection) -> Vec<Finding> {
    let role = safe(&inspection.role);
    let remedy = format!(
        "let an owner of the tables grant it: `spektr inbox schema --role {role}` prints the grants"
    );
    let missing = inspection.missing_rights.iter();
    missing
        .map(|rights| Finding::fault(subject, format!("role {role} lacks {rights}"), &*remedy))
        .collect()
}

fn durability(subject: &str, inspection: &Inspection) -> Vec<Finding> {
    let mut findings = Vec::new();
    if !inspection.fsync {
        findings.push(Finding::fault(
            subject,
            "the server runs with fsync = off: a power cut loses deliveries",
            "set fsync = on in postgresql.conf, and let the server read it again",
        ));
    }
    if !inspection.full_page_writes {
        findings.push(Finding::warning(
            subject,
            "the server runs with full_page_writes = off: a power cut can damage pages",
            "set full_page_writes = on, unless the file system writes pages whole",
        ));
    }
    let commit = match &*inspection.synchronous_commit {
        "remote_apply" => "commits wait for the disk: remote_apply, the role's default".to_owned(),
        "on" => "commits wait for the disk: synchronous_commit is on".to_owned(),
        other => {
            let other = safe(other);
            format!("commits wait for the disk: `serve` sets synchronous_commit, which is {other}")
        }
    };
    findings.push(Finding::ok(subject, commit));
    findings
}

fn standbys(subject: &str, inspection: &Inspection) -> Finding {
    let (text, remedy) = match inspection.standbys {
        Standbys::NotAwaited => return Finding::ok(subject, "commits wait for no standby"),
        Standbys::Awaited(0) => {
            return Finding::fault(
                subject,
                "commits wait for a standby, and none of synchronous_standby_names is connected",
                "start the standby, or empty synchronous_standby_names",
            );
        }
        Standbys::Awaited(1) => (
            "commits wait for the only connected standby: without it no delivery is accepted",
            "name a second one in synchronous_standby_names, as ANY 1 (a, b)",
        ),
        Standbys::Awaited(count) => {
            return Finding::ok(subject, format!("{count} standbys are connected"));
        }
        _ => (
            "commits wait for standbys, which this role may not see",
            "grant pg_read_all_stats to the role, or connect as a role that has it",
        ),
    };
    Finding::warning(subject, text, remedy)
}
