//! Prints an entry of a delivery and its members: as lines for people, or as JSON for scripts.

use serde::Serialize;
use spektr_json::Json;
use spektr_types::{Entry, Event};

use crate::catalogue::{self, EventMember};
use crate::terminal::{bad, careful, faint, good, safe};

/// The result of decoding an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum DecodeOutcome {
    Decoded,
    Unknown,
    Malformed,
}

/// Selects the members whose values are shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ShownMembers {
    None,
    /// The members that the schema knows and does not mark as sensitive.
    Hidden,
    Revealed,
}

/// The line about an entry.
#[derive(Debug, Serialize)]
pub(crate) struct EntryLine {
    pub(crate) outcome: DecodeOutcome,
    pub(crate) id: Option<String>,
    /// Documented name; `None` for an unknown event or a malformed entry.
    event: Option<&'static str>,
    wire_type: Option<String>,
    status: Option<&'static str>,
    created_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<LineError>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    members: Vec<MemberRow>,
}

#[derive(Debug, Serialize)]
struct LineError {
    pointer: String,
    message: String,
}

/// A member and its path.
#[derive(Debug, Serialize)]
struct MemberRow {
    path: String,
    #[serde(rename = "type")]
    kind: &'static str,
    hidden: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<Json>,
}

impl EntryLine {
    pub(crate) fn new(entry: &Entry<'_>, members: ShownMembers) -> Self {
        let mut line = Self {
            outcome: DecodeOutcome::Malformed,
            id: entry.id().map(|id| id.into_owned()),
            event: None,
            wire_type: entry.wire_type().map(|wire_type| wire_type.into_owned()),
            status: None,
            created_at: entry.created_at().map(|at| at.to_string()),
            error: None,
            members: Vec::new(),
        };
        match entry.decode() {
            Ok(event) => {
                let info = event.event_type().info();
                line.outcome =
                    if info.is_some() { DecodeOutcome::Decoded } else { DecodeOutcome::Unknown };
                line.event = info.map(|info| info.name());
                line.status = info.map(|info| info.status().as_str());
                line.members = rows(&event, members);
            }
            Err(error) => {
                line.error = Some(LineError {
                    pointer: error.pointer().to_owned(),
                    message: error.to_string(),
                });
            }
        }
        line
    }

    /// Returns the line, followed by a line for each member.
    pub(crate) fn text(&self) -> String {
        let id = self.id.as_deref().map_or_else(|| "(no id)".into(), safe);
        let wire_type = || self.wire_type.as_deref().map_or_else(|| "(no type)".into(), safe);
        let what = match (self.event, &self.error) {
            (Some(name), _) => good(&format!("{name:<23}")),
            (None, Some(error)) => format!("{} {}", wire_type(), bad(&safe(&error.message))),
            (None, None) => careful(&format!("unknown event `{}`", wire_type())),
        };
        let created_at = self.created_at.as_deref().unwrap_or("at an unreadable time");
        let status = match self.status {
            Some("available") | None => String::new(),
            Some(status) => format!("  {}", careful(status)),
        };
        let mut text = format!("{id}  {what}  {created_at}{status}\n");
        let width = self.members.iter().map(|row| row.path.chars().count()).max().unwrap_or(0);
        for row in &self.members {
            let value = match &row.value {
                Some(Json::String(value)) => safe(value).into_owned(),
                Some(value) => safe(&value.to_string()).into_owned(),
                None => faint(&format!("hidden {}", row.kind)),
            };
            text.push_str(&format!("    {:width$}  {value}\n", safe(&row.path)));
        }
        text
    }
}

/// Returns the members of an event under the names of the schema, for either envelope.
fn rows(event: &Event, members: ShownMembers) -> Vec<MemberRow> {
    let reveal = match members {
        ShownMembers::None => return Vec::new(),
        ShownMembers::Hidden => false,
        ShownMembers::Revealed => true,
    };
    let json = serde_json::to_string(event).unwrap_or_default();
    // `Json::parse` refuses a number that no float can hold; then no member is shown.
    let Ok(json) = Json::parse(json.as_bytes()) else { return Vec::new() };
    let own = event
        .event_type()
        .info()
        .and_then(|info| catalogue::find(info.name()).ok())
        .map_or(&[][..], |event| &event.details.members);
    let mut rows = Vec::new();
    // An unknown event keeps its envelope, which may be the other one.
    let head = catalogue::envelope().iter().chain(own).chain(catalogue::other_envelope());
    let known: Vec<_> = head.collect();
    for (name, value) in json.members() {
        let member = known.iter().find(|member| member.name == *name).copied();
        row(name, value, member, reveal, &mut rows);
    }
    rows
}

fn row(
    path: &str,
    value: &Json,
    member: Option<&EventMember>,
    reveal: bool,
    rows: &mut Vec<MemberRow>,
) {
    let hidden = !reveal && member.is_none_or(|member| member.sensitive);
    match value {
        Json::Object(members) if !hidden && !members.is_empty() => {
            for (name, value) in members {
                let below = member
                    .and_then(|member| member.members.iter().find(|below| below.name == *name));
                row(&format!("{path}.{name}"), value, below, reveal, rows);
            }
        }
        Json::Array(elements) if !hidden && !elements.is_empty() => {
            for (index, value) in elements.iter().enumerate() {
                row(&format!("{path}.{index}"), value, member, reveal, rows);
            }
        }
        value => rows.push(MemberRow {
            path: path.to_owned(),
            kind: value.kind(),
            hidden,
            value: (!hidden).then(|| value.clone()),
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(json: &str, members: ShownMembers) -> String {
        let entry = Entry::from_json(json).expect("JSON");
        anstream::adapter::strip_str(&EntryLine::new(&entry, members).text()).to_string()
    }

    #[test]
    fn shows_known_members_and_hides_sensitive_and_unknown_ones() {
        let json = r#"{"id":"e1","spektrId":"s1","type":"customer_status_changed","createdAt":1672531199000,
            "data":{"oldStatus":"a","newStatus":"b","customerName":"marker","new":"marker"}}"#;
        assert_eq!(
            text(json, ShownMembers::Hidden),
            "e1  CUSTOMER_STATUS_CHANGED  2022-12-31T23:59:59Z\n    \
             id                 e1\n    \
             spektrId           s1\n    \
             type               customer_status_changed\n    \
             createdAt          1672531199000\n    \
             data.oldStatus     a\n    \
             data.newStatus     b\n    \
             data.customerName  hidden string\n",
        );
        assert!(text(json, ShownMembers::Revealed).contains("data.customerName  marker\n"));
    }

    #[test]
    fn hides_the_payload_of_an_event_that_the_schema_does_not_know() {
        let json =
            r#"{"id":"e1","type":"new_event","createdAt":1672531199000,"data":{"name":"marker"}}"#;
        let shown = text(json, ShownMembers::Hidden);
        assert!(shown.ends_with("    data       hidden object\n"), "{shown}");
        assert!(text(json, ShownMembers::Revealed).ends_with("    data.name  marker\n"));
    }

    #[test]
    fn a_malformed_entry_says_where_and_not_what() {
        let json = r#"{"id":"e1","spektrId":"s1","type":"alert_resolved","createdAt":1672531199000,"data":"marker"}"#;
        assert_eq!(
            text(json, ShownMembers::Revealed),
            "e1  alert_resolved malformed entry: /data is string, expected object  2022-12-31T23:59:59Z\n",
        );
    }
}
