//! Types and parsers for the values of settings and arguments.

use std::time::Duration;

use spektr_inbox::reconcile::{BaseUrl, Environment};
use spektr_types::{EventType, catalogue};
use tracing_subscriber::filter::LevelFilter;

use crate::time;

/// The statuses by which an endpoint says that it will never accept an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PermanentStatuses(Vec<u16>);

impl PermanentStatuses {
    pub(crate) const PRESET: &str = "400,404,410,422";

    /// Reads statuses separated by commas, or the word `none`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let expected =
            "expected statuses from 400 to 499 except 429, for example 400,404; or the word none";
        if text == "none" {
            return Ok(Self(Vec::new()));
        }
        let statuses = text.split(',').map(|status| {
            let status = status.trim().parse().ok();
            status.filter(|status| (400..=499).contains(status) && *status != 429)
        });
        statuses.collect::<Option<_>>().map(Self).ok_or_else(|| expected.to_owned())
    }

    pub(crate) fn contain(&self, status: u16) -> bool {
        self.0.contains(&status)
    }
}

impl Default for PermanentStatuses {
    fn default() -> Self {
        Self(vec![400, 404, 410, 422])
    }
}

/// The event types that are forwarded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EventTypes(Vec<EventType>);

impl EventTypes {
    /// Reads wire types or documented names, separated by commas. A wire type of several events
    /// selects all of them. A type that the schema does not know selects only itself.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let mut types = Vec::new();
        for word in text.split(',').map(str::trim) {
            if word.is_empty() {
                return Err("expected types between commas, as alert_created,alert_resolved".into());
            }
            let is_meant = |info: &&spektr_types::EventInfo| {
                info.name().eq_ignore_ascii_case(word) || info.has_wire_type(word)
            };
            let known = types.len();
            types.extend(catalogue().filter(is_meant).map(|info| info.event_type().clone()));
            if types.len() == known {
                types.push(EventType::from(word));
            }
        }
        Ok(Self(types))
    }

    pub(crate) fn include(&self, event_type: &EventType) -> bool {
        self.0.contains(event_type)
    }

    /// Returns the types that the schema does not know.
    pub(crate) fn unknown(&self) -> impl Iterator<Item = &EventType> {
        self.0.iter().filter(|event_type| event_type.info().is_none())
    }
}

/// Reads a number of events: how many at a time, or how many in a row.
pub(crate) fn parse_events(text: &str) -> Result<u32, String> {
    parse_number(text, 1000)
}

/// Reads a number from 1 to `last`.
pub(crate) fn parse_number(text: &str, last: u32) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| (1..=last).contains(number));
    number.ok_or_else(|| format!("expected a number from 1 to {last}"))
}

/// Reads the time limit for an answer.
pub(crate) fn parse_timeout(text: &str) -> Result<Duration, String> {
    parse_bounded(text, Duration::from_secs(3600), "1h")
}

/// Reads a pause between attempts.
pub(crate) fn parse_pause(text: &str) -> Result<Duration, String> {
    parse_bounded(text, Duration::from_secs(30 * 24 * 3600), "30d")
}

fn parse_bounded(text: &str, longest: Duration, shown: &str) -> Result<Duration, String> {
    match time::parse_span(text)? {
        span if span.is_zero() || span > longest => {
            Err(format!("expected a time from 1ms to {shown}"))
        }
        span => Ok(span),
    }
}

/// Reads the name of an environment, or a base URL.
pub(crate) fn parse_place(text: &str) -> Result<BaseUrl, String> {
    if let Ok(environment) = text.parse::<Environment>() {
        return Ok(environment.base_url());
    }
    BaseUrl::parse(text).map_err(|error| format!("{error}; or live, sandbox or test"))
}

/// Reads a wire type, or the name of an event with one wire type. Any other text counts as a wire
/// type that the schema does not know.
pub(crate) fn parse_wire_type(text: &str) -> Result<String, String> {
    let Some(info) = catalogue().find(|info| info.name() == text) else {
        return Ok(text.to_owned());
    };
    let wire_types: Vec<_> = info.wire_types().iter().collect();
    match &wire_types[..] {
        [] => Ok(text.to_owned()),
        [one] => Ok((*one).to_owned()),
        several => Err(format!("the event arrives as {}: name one of them", several.join(" or "))),
    }
}

/// Reads the name of a level of the log.
pub(crate) fn parse_level(text: &str) -> Result<LevelFilter, String> {
    match text {
        "error" => Ok(LevelFilter::ERROR),
        "warn" => Ok(LevelFilter::WARN),
        "info" => Ok(LevelFilter::INFO),
        "debug" => Ok(LevelFilter::DEBUG),
        _ => Err("expected error, warn, info or debug".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn statuses_are_those_that_say_never() {
        let parse = |text| PermanentStatuses::parse(text).map(|statuses| statuses.0);
        assert_eq!(parse(PermanentStatuses::PRESET), Ok(PermanentStatuses::default().0));
        assert_eq!(parse("404, 409"), Ok(vec![404, 409]));
        assert_eq!(parse("none"), Ok(Vec::new()));
        for text in ["", "200", "429", "503", "400,", "4xx"] {
            let expected = "expected statuses from 400 to 499 except 429, for example 400,404; or the word none";
            assert_eq!(parse(text), Err(expected.to_owned()), "{text}");
        }
    }

    #[test]
    fn a_type_means_each_event_that_has_it_and_an_unknown_one_itself() {
        let types = EventTypes::parse("alert_resolved, ALERT_CREATED,Later_Event").expect("types");
        let includes = |wire_type: &str| types.include(&EventType::from(wire_type));
        let included = ["alert_resolved", "ALERT_RESOLVED", "alert_created", "later_event"];
        assert_eq!(included.map(includes), [true; 4]);
        assert!(!includes("customer_tag_add") && !includes("later_event_2"));
        assert_eq!(types.unknown().count(), 1);
        let tags = EventTypes::parse("customer_tag_add").expect("a type");
        for info in catalogue() {
            assert_eq!(tags.include(info.event_type()), info.has_wire_type("customer_tag_add"));
        }
        for text in ["a,,b", ""] {
            let expected = "expected types between commas, as alert_created,alert_resolved";
            assert_eq!(EventTypes::parse(text).err().as_deref(), Some(expected), "{text}");
        }
    }

    #[test]
    fn numbers_and_times_have_bounds() {
        assert_eq!((parse_events("1"), parse_events("1000")), (Ok(1), Ok(1000)));
        for text in ["0", "1001", "-1", "many", ""] {
            let message = parse_events(text).expect_err(text);
            assert_eq!(message, "expected a number from 1 to 1000");
        }
        assert_eq!(parse_timeout("250ms"), Ok(Duration::from_millis(250)));
        assert_eq!(parse_timeout("0"), Err("expected a time from 1ms to 1h".to_owned()));
        assert_eq!(parse_pause("31d"), Err("expected a time from 1ms to 30d".to_owned()));
    }

    #[test]
    fn an_event_with_one_wire_type_is_found_by_its_name_too() {
        let parse = |text: &str| parse_wire_type(text);
        assert_eq!(parse("alert_resolved"), Ok("alert_resolved".to_owned()));
        assert_eq!(parse("ALERT_RESOLVED"), Ok("alert_resolved".to_owned()));
        assert_eq!(parse("Later_Event"), Ok("Later_Event".to_owned()));
        let tag =
            catalogue().find(|info| info.wire_types().iter().count() > 1).expect("there is one");
        let refused = parse(tag.name()).expect_err("it has several");
        assert!(
            refused.starts_with("the event arrives as ") && refused.contains(" or "),
            "{refused}"
        );
    }

    #[test]
    fn levels_have_names_and_nothing_else_is_one() {
        assert_eq!(parse_level("debug"), Ok(LevelFilter::DEBUG));
        for text in ["", "INFO", "off", "trace", "1"] {
            let refused = Err("expected error, warn, info or debug".to_owned());
            assert_eq!(parse_level(text), refused, "{text}");
        }
    }
}
