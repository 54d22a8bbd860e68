//! Which entries are meant.

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};
use spektr_inbox::store::{Filter, State};
use spektr_inbox::{Clock as _, SystemClock};

use crate::time::Moment;
use crate::values;

const WHICH: &str = "Which entries: those that match all of this";

#[derive(Args, Clone, Debug, Default)]
pub(super) struct FilterArguments {
    /// In this state
    #[arg(long, value_name = "STATE", value_parser = state(), help_heading = WHICH)]
    pub(super) state: Option<State>,
    /// From this source, as `spektr serve --source` named it
    #[arg(long, value_name = "NAME", help_heading = WHICH)]
    source: Option<String>,
    /// Of this wire type, or of the event with this name
    #[arg(
        long = "type",
        value_name = "TYPE",
        value_parser = values::parse_wire_type,
        help_heading = WHICH
    )]
    wire_type: Option<String>,
    /// Of this end-user
    #[arg(long, value_name = "ID", help_heading = WHICH)]
    spektr_id: Option<String>,
    /// With this event id
    #[arg(long, value_name = "ID", help_heading = WHICH)]
    id: Option<String>,
    /// Arrived at this time or later: 2h for two hours ago, epoch seconds, or RFC 3339
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, help_heading = WHICH)]
    since: Option<Moment>,
    /// Arrived before this time
    #[arg(long, value_name = "TIME", value_parser = Moment::parse, help_heading = WHICH)]
    before: Option<Moment>,
}

/// Reads the word of a state.
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
