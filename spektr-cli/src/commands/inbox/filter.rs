//! The options that select entries, for several commands of `spektr inbox`.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use spektr_inbox::store::{Filter, State};
use spektr_inbox::{Clock as _, SystemClock};

use crate::time::Moment;
use crate::values;

const WHICH: &str = "Filters (entries must match all of them)";

#[derive(Args, Clone, Debug, Default)]
pub(super) struct FilterArguments {
    /// Entries in this state
    #[arg(long, value_name = "STATE", value_parser = state(), help_heading = WHICH)]
    pub(super) state: Option<State>,
    /// Entries from this source, a name that `spektr serve --source` gave
    #[arg(long, value_name = "NAME", help_heading = WHICH)]
    source: Option<String>,
    /// Entries of this wire type, or of the event with this name
    #[arg(
        long = "type",
        value_name = "TYPE",
        value_parser = values::parse_wire_type,
        help_heading = WHICH
    )]
    wire_type: Option<String>,
    /// Entries of this end-user
    #[arg(long, value_name = "ID", help_heading = WHICH)]
    spektr_id: Option<String>,
    /// Entries with this event id
    #[arg(long, value_name = "ID", help_heading = WHICH)]
    id: Option<String>,
    /// Entries that arrived at this time or later: 2h for two hours ago, epoch seconds, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, help_heading = WHICH)]
    since: Option<Moment>,
    /// Entries that arrived before this time
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, help_heading = WHICH)]
    before: Option<Moment>,
}

/// Returns the parser of a state.
pub(super) fn state() -> impl TypedValueParser<Value = State> {
    PossibleValuesParser::new(State::ALL.map(State::as_str)).try_map(|word| word.parse::<State>())
}

impl FilterArguments {
    pub(super) fn filter(&self) -> Filter {
        let now = SystemClock::new().now();
        Filter {
            source: self.source.clone(),
            id: self.id.clone(),
            spektr_id: self.spektr_id.clone(),
            wire_type: self.wire_type.clone(),
            state: self.state,
            received_before: self.before.map(|moment| moment.as_of(now)),
            received_since: self.since.map(|moment| moment.as_of(now)),
            ..Filter::all()
        }
    }
}
