//! `spektr inbox erase`: deletes all data of an end-user, by kind.

use std::collections::BTreeMap;
use std::io::{BufRead as _, IsTerminal as _};

use clap::Args;
use clap::builder::{NonEmptyStringValueParser, PossibleValuesParser};
use serde::Serialize;
use spektr_inbox::operate::{self, Belongings, Kind};
use spektr_inbox::{Clock as _, SystemClock};

use super::open;
use crate::arguments::Global;
use crate::failure::{Answer, Failure};
use crate::operator::OperatorArguments;
use crate::store::StoreArguments;
use crate::terminal::{careful, count};

const EXAMPLES: &str = "\
Examples:
  spektr inbox erase spk_65a1 --dry-run                  # counts by kind, and numbers to look at
  spektr inbox erase spk_65a1                            # asks for each kind
  spektr inbox erase spk_65a1 --yes
  spektr inbox erase spk_65a1 --kind entries --kind rejected --yes

For a request under data protection law. Kinds: entries (entries with this spektr id, in any state),
mentions (other entries whose JSON contains the id as a string), bodies (unreadable bodies that
contain the id), rejected (deliveries in quarantine that contain the id). spk_1 does not match
spk_10. The data is deleted for good, and overwritten in an SQLite file. The kind entries includes
the traces of entries that were deleted earlier. `spektr inbox log` records the erasure, but not the
person. Exports, recordings and backups keep the data. A reconciliation fetches events again if the
sender still lists them: have the sender erase them first. Exit code 1: every answer was no, or the
bytes are still in the files of the database.";

/// The most record numbers of a kind that the text output lists.
const LISTED: usize = 20;

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// The end-user's id
    #[arg(value_name = "SPEKTR_ID", value_parser = NonEmptyStringValueParser::new())]
    spektr_id: String,
    /// Erase this kind of data; can be repeated [default: every kind]
    #[arg(
        long = "kind",
        value_name = "KIND",
        value_parser = PossibleValuesParser::new(Kind::ALL.map(Kind::as_str))
    )]
    kinds: Vec<String>,
    /// Only count, and list the records that are not entries of this end-user
    #[arg(long)]
    dry_run: bool,
    /// Erase without asking
    #[arg(long)]
    yes: bool,
    #[command(flatten)]
    operator: OperatorArguments,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Serialize)]
#[serde(rename_all = "snake_case")]
enum ErasureReport<'c> {
    WouldErase {
        #[serde(flatten)]
        counts: &'c ErasureCounts,
        /// The numbers of mentions, bodies and rejected deliveries, by kind.
        numbers: BTreeMap<&'static str, &'c [i64]>,
    },
    Erased(&'c ErasureCounts),
}

/// The number of records of each kind that were erased, or would be erased.
#[derive(Serialize)]
struct ErasureCounts {
    entries: u64,
    mentions: u64,
    bodies: u64,
    rejected: u64,
    /// The number of tombstones erased. A dry run does not count tombstones.
    #[serde(skip_serializing_if = "Option::is_none")]
    tombstones: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    in_files: Option<bool>,
}

pub(super) async fn erase(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let reason = arguments.operator.reason.as_ref();
    if reason.is_some_and(|reason| reason.contains(&arguments.spektr_id)) {
        return Err(Failure::new("the reason contains the id that is to be erased")
            .hint("the log keeps the reason: name a ticket, not the person"));
    }
    let store = open(global, &arguments.store).await?;
    let found = operate::survey(&*store, &arguments.spektr_id).await?;
    let is_meant = |kind: &Kind| {
        arguments.kinds.is_empty() || arguments.kinds.iter().any(|word| word == kind.as_str())
    };
    let kinds: Vec<_> = Kind::ALL.into_iter().filter(is_meant).collect();
    if arguments.dry_run {
        let count = |kind| if kinds.contains(&kind) { found.count(kind) } else { 0 };
        let counts = ErasureCounts {
            entries: count(Kind::Entries),
            mentions: count(Kind::Mentions),
            bodies: count(Kind::Bodies),
            rejected: count(Kind::Rejected),
            tombstones: None,
            in_files: None,
        };
        let named = kinds.iter().map(|kind| (*kind, found.numbers(*kind)));
        let named = named.filter(|(_, numbers)| !numbers.is_empty());
        let numbers = named.clone().map(|(kind, numbers)| (kind.as_str(), numbers)).collect();
        global.format.print(&ErasureReport::WouldErase { counts: &counts, numbers }, || {
            let listed: String = named.map(|(kind, numbers)| listed(kind, numbers)).collect();
            let states = in_states(&found).filter(|_| counts.entries > 0);
            text(&found, &counts, states.as_deref(), "would be erased") + &listed
        })?;
        return Ok(Answer::Yes);
    }
    let kinds = if arguments.yes { kinds } else { confirmed(&found, &kinds)? };
    if kinds.is_empty() {
        anstream::eprintln!("nothing was erased");
        return Ok(Answer::No);
    }
    let (operator, now) = (arguments.operator.operator(), SystemClock::new().now());
    let erased = operate::erase(&*store, &operator, &found, &kinds, now).await?;
    let counts = ErasureCounts {
        entries: erased.entries,
        mentions: erased.mentions,
        bodies: erased.bodies,
        rejected: erased.rejected,
        tombstones: Some(erased.tombstones),
        in_files: Some(erased.is_in_files),
    };
    let report = ErasureReport::Erased(&counts);
    global.format.print(&report, || text(&found, &counts, None, "erased"))?;
    if erased.is_in_files {
        anstream::eprintln!(
            "{} the bytes are still in the files of the database: stop the programs that read it \
             and erase once more, or let the owner of the database erase once more",
            careful("careful:")
        );
    }
    Ok(Answer::from_yes(!erased.is_in_files))
}

/// Asks about each kind that has records. Fails without a terminal.
fn confirmed(found: &Belongings, kinds: &[Kind]) -> Result<Vec<Kind>, Failure> {
    let stdin = std::io::stdin();
    if !stdin.is_terminal() {
        return Err(Failure::new("the question whether to erase needs a terminal")
            .hint("--dry-run counts, and --yes erases without asking"));
    }
    let mut confirmed = Vec::new();
    // Ask about entries even if there are none: tombstones of the person are not counted yet.
    let is_asked = |kind: &Kind| *kind == Kind::Entries || found.count(*kind) > 0;
    for kind in kinds.iter().copied().filter(is_asked) {
        let mut what = in_words(kind, found.count(kind));
        if kind == Kind::Entries {
            if let Some(states) = in_states(found) {
                what.push_str(&format!(" ({states})"));
            }
            what.push_str(", and the traces of deleted ones,");
        }
        anstream::eprint!("{} {what} for good? [y/N] ", careful("Erase"));
        let mut answer = String::new();
        stdin
            .lock()
            .read_line(&mut answer)
            .map_err(|error| Failure::caused_by("cannot read the answer", &error))?;
        if matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
            confirmed.push(kind);
        }
    }
    Ok(confirmed)
}

/// Returns the number of the person's entries in each state, if there are entries.
fn in_states(found: &Belongings) -> Option<String> {
    let states = found.states().iter().map(|(state, count)| format!("{count} {state}"));
    let states: Vec<_> = states.collect();
    (!states.is_empty()).then(|| states.join(", "))
}

fn text(found: &Belongings, counts: &ErasureCounts, states: Option<&str>, word: &str) -> String {
    let ErasureCounts { entries, mentions, bodies, rejected, tombstones, .. } = *counts;
    let lines = [
        (Kind::Entries, entries),
        (Kind::Mentions, mentions),
        (Kind::Bodies, bodies),
        (Kind::Rejected, rejected),
    ];
    let lines = lines.into_iter().filter(|(kind, number)| *kind == Kind::Entries || *number > 0);
    let mut text: String = lines
        .map(|(kind, number)| {
            let states = states.filter(|_| kind == Kind::Entries);
            let states = states.map_or_else(String::new, |states| format!(" ({states})"));
            format!("{}{states} {word}\n", in_words(kind, number))
        })
        .collect();
    let is_unknown = Kind::ALL.iter().all(|kind| found.count(*kind) == 0);
    if is_unknown && tombstones.unwrap_or(0) == 0 {
        text.push_str("no record names this id: if you expected records, check the id\n");
    }
    if let Some(number) = tombstones.filter(|number| *number > 0) {
        let deleted = count(number, "deleted entry", "deleted entries");
        text.push_str(&format!("traces of {deleted} erased\n"));
    }
    text
}

/// Returns a line with the numbers of records that are not entries of the person. An operator
/// looks at these records before erasing them.
fn listed(kind: Kind, numbers: &[i64]) -> String {
    let shown: Vec<_> = numbers.iter().take(LISTED).map(i64::to_string).collect();
    let more = match numbers.len() - shown.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let look = match kind {
        Kind::Rejected => "`spektr inbox quarantine`",
        _ => "`spektr inbox show NUMBER`",
    };
    format!("{}: {}{more}; see {look}\n", kind.as_str(), shown.join(", "))
}

fn in_words(kind: Kind, number: u64) -> String {
    match kind {
        Kind::Entries => count(number, "entry of this person", "entries of this person"),
        Kind::Mentions => {
            count(number, "other entry that names this id", "other entries that name this id")
        }
        Kind::Bodies => count(
            number,
            "unreadable body that names this id",
            "unreadable bodies that name this id",
        ),
        _ => count(
            number,
            "rejected delivery that names this id",
            "rejected deliveries that name this id",
        ),
    }
}
