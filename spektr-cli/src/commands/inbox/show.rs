//! `spektr inbox show`: shows an entry, or all entries with an event id.

use clap::Args;
use serde::Serialize;
use serde_json::Value;
use spektr_inbox::operate::outline;
use spektr_inbox::store::{Attempt, Filter, Recorded, Store, StoredEntry};
use spektr_json::Json;
use spektr_types::Entry;

use super::list::StoredEntryRow;
use super::{actions, open};
use crate::arguments::Global;
use crate::entry::{EntryLine, ShownMembers};
use crate::failure::{Answer, Failure};
use crate::output;
use crate::store::StoreArguments;
use crate::terminal::{columns, safe, safe_lines, strong};

const EXAMPLES: &str = "\
Examples:
  spektr inbox show 17
  spektr inbox show evt_5ff0f715ceea4d6ac9d63950 --reveal
  spektr inbox show 17 --reveal --format json | jq -r .raw | spektr check

If several entries have the id, from several sources or with conflicting contents, all of them are
shown. Sensitive members are hidden, and so are members that the schema does not know; --reveal
shows the JSON as it arrived. Of the actions of operators, only those on this entry alone are shown;
`spektr inbox log` also lists actions on many entries. Exit code 1: there is no such entry.";

#[derive(Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Number of the entry, or id of the event
    #[arg(value_name = "NUMBER|ID")]
    name: String,
    /// Show the JSON as it arrived, including personal data
    #[arg(long)]
    reveal: bool,
    #[command(flatten)]
    store: StoreArguments,
}

#[derive(Serialize)]
struct EntryDetails<'e> {
    #[serde(flatten)]
    row: StoredEntryRow<'e>,
    /// The reason why the last attempt failed, or how the entry was resolved.
    reason: Option<&'e str>,
    /// The latest attempts, the earliest first.
    history: Vec<PastAttempt<'e>>,
    /// The actions of operators on this entry alone, the earliest first.
    actions: Vec<EntryAction<'e>>,
    /// The JSON of the entry, without values outside the envelope.
    outline: String,
    /// The JSON as it arrived, with `--reveal` and if it is UTF-8.
    #[serde(skip_serializing_if = "Option::is_none")]
    raw: Option<&'e str>,
}

/// An action of an operator.
#[derive(Serialize)]
struct EntryAction<'r> {
    at: String,
    by: &'r str,
    action: &'r str,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
}

impl<'r> EntryAction<'r> {
    fn new(action: &'r Recorded) -> Self {
        Self {
            at: action.at.to_string(),
            by: &action.actor,
            action: &action.action,
            reason: action.reason(),
        }
    }

    fn text(&self) -> String {
        let Self { at, by, action, reason } = self;
        let why = reason.as_deref().map(|reason| format!(": {}", safe_lines(reason)));
        format!("    {at}  {} by {}{}\n", safe(action), safe(by), why.unwrap_or_default())
    }
}

/// An attempt.
#[derive(Serialize)]
struct PastAttempt<'a> {
    attempt: u32,
    began_at: Option<String>,
    ended_at: String,
    result: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<u16>,
}

impl<'a> PastAttempt<'a> {
    fn new(attempt: &'a Attempt) -> Self {
        Self {
            attempt: attempt.attempt,
            began_at: attempt.began_at.map(|at| at.to_string()),
            ended_at: attempt.ended_at.to_string(),
            result: &attempt.result,
            status: attempt.status,
        }
    }

    fn text(&self) -> String {
        let status = self.status.map_or_else(String::new, |status| format!(" ({status})"));
        let began = self.began_at.as_deref().unwrap_or("(not known)");
        let result = safe(self.result);
        format!("    {}  {began} to {}  {result}{status}\n", self.attempt, self.ended_at)
    }
}

pub(super) async fn show(global: &Global, arguments: &Arguments) -> Result<Answer, Failure> {
    let store = open(global, &arguments.store).await?;
    let entries = find(&*store, &arguments.name).await?;
    let recorded = recorded(&*store, &entries).await?;
    for entry in &entries {
        let of_it = recorded.iter().filter(|(number, _)| *number == entry.number);
        let attempts = store.attempts(entry.number).await?;
        let details = EntryDetails {
            row: StoredEntryRow::new(entry),
            reason: entry.reason.as_deref(),
            history: attempts.iter().map(PastAttempt::new).collect(),
            actions: of_it.map(|(_, action)| EntryAction::new(action)).collect(),
            outline: outline(&entry.raw),
            raw: std::str::from_utf8(&entry.raw).ok().filter(|_| arguments.reveal),
        };
        global.format.print(&details, || text(entry, &details, arguments.reveal))?;
    }
    if entries.is_empty() && !global.is_json() {
        output::print(&format!("there is no entry {}\n", safe(&arguments.name)))?;
    }
    Ok(Answer::from_yes(!entries.is_empty()))
}

/// Finds the entries whose number or event id is `name`.
pub(super) async fn find(store: &dyn Store, name: &str) -> Result<Vec<StoredEntry>, Failure> {
    const MOST: usize = 100;
    let mut found = match name.parse() {
        Ok(number) => store.list(Filter::number(number), 0, 1).await?,
        Err(_) => Vec::new(),
    };
    let by_id = Filter { id: Some(name.to_owned()), ..Filter::all() };
    for entry in store.list(by_id, 0, MOST).await? {
        if found.iter().all(|other| other.number != entry.number) {
            found.push(entry);
        }
    }
    Ok(found)
}

/// Returns the recorded actions on one of the entries alone, with the number of the entry.
async fn recorded(
    store: &dyn Store,
    entries: &[StoredEntry],
) -> Result<Vec<(i64, Recorded)>, Failure> {
    let mut found = Vec::new();
    actions::each(store, |action| {
        let number =
            number_of(&action).filter(|number| entries.iter().any(|entry| entry.number == *number));
        found.extend(number.map(|number| (number, action)));
        Ok(())
    })
    .await?;
    Ok(found)
}

/// Returns the entry number in the filter of an action.
fn number_of(action: &Recorded) -> Option<i64> {
    actions::members(&action.filter).get("number")?.as_i64()
}

fn text(entry: &StoredEntry, details: &EntryDetails<'_>, reveal: bool) -> String {
    // Lists the facts under the same names as `--format json`.
    let row = serde_json::to_value(&details.row).unwrap_or_default();
    let mut rows = Vec::new();
    let order = [
        "state",
        "id",
        "wire_type",
        "spektr_id",
        "source",
        "created_at",
        "received_at",
        "due_at",
        "attempts",
        "conflict",
        "bytes",
    ];
    for name in order {
        let value = match row.get(name) {
            None | Some(Value::Null) => continue,
            Some(Value::String(text)) => safe(text).into_owned(),
            Some(other) => other.to_string(),
        };
        rows.push([format!("  {}", name.replace('_', " ")), value]);
    }
    if let Some(reason) = &entry.reason {
        rows.push(["  reason".to_owned(), safe(reason).into_owned()]);
    }
    let heading = strong(&format!("entry {}", entry.number));
    let history: String = details.history.iter().map(PastAttempt::text).collect();
    let history = if history.is_empty() { history } else { format!("  history\n{history}") };
    let actions: String = details.actions.iter().map(EntryAction::text).collect();
    let actions = if actions.is_empty() { actions } else { format!("  actions\n{actions}") };
    format!("{heading}\n{}{history}{actions}{}", columns(&rows), content(entry, reveal))
}

/// Returns the content of the entry. Without `reveal`, sensitive and unknown members are hidden.
fn content(entry: &StoredEntry, reveal: bool) -> String {
    if reveal {
        let json = Json::parse(&entry.raw).map(|json| format!("{json:#}"));
        let text = json.unwrap_or_else(|_| String::from_utf8_lossy(&entry.raw).into_owned());
        return format!("{}\n", safe_lines(&text));
    }
    let parsed = std::str::from_utf8(&entry.raw).ok().and_then(|text| Entry::from_json(text).ok());
    match parsed.filter(|parsed| parsed.decode().is_ok()) {
        Some(parsed) => EntryLine::new(&parsed, ShownMembers::Hidden).text(),
        None => {
            let outline = outline(&entry.raw);
            let json = Json::parse(outline.as_bytes()).map(|json| format!("{json:#}"));
            format!("{}\n", safe_lines(&json.unwrap_or(outline)))
        }
    }
}
