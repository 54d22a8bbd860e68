//! The filter of the printed entries.

use clap::Args;
use spektr_json::Json;
use spektr_types::Entry;

use crate::arguments::event_name;
use crate::delivery::Change;

#[derive(Args, Clone, Debug, Default)]
pub(super) struct Selection {
    /// Print only entries of these events, by name or wire type; every delivery is still verified, recorded and forwarded
    #[arg(long = "type", value_name = "EVENT", value_parser = event_name(&[]), hide_possible_values = true)]
    types: Vec<String>,
    /// Print only entries with this value at this path, for example data.alertId=alr_1; an entry has to match every --match
    #[arg(long = "match", value_name = "PATH=VALUE", value_parser = Change::parse)]
    matches: Vec<Change>,
}

impl Selection {
    /// Whether the selection can leave entries out.
    pub(super) fn is_narrow(&self) -> bool {
        !self.types.is_empty() || !self.matches.is_empty()
    }

    pub(super) fn takes(&self, entry: &Entry<'_>) -> bool {
        let is_of_type = self.types.is_empty() || {
            let wire_type = entry.wire_type().unwrap_or_default();
            let event = entry.decode().ok();
            let info = event.as_ref().and_then(|event| event.event_type().info());
            self.types.iter().any(|name| {
                name.eq_ignore_ascii_case(&wire_type)
                    || info.is_some_and(|info| info.name().eq_ignore_ascii_case(name))
            })
        };
        is_of_type && (self.matches.is_empty() || self.has_values(entry))
    }

    fn has_values(&self, entry: &Entry<'_>) -> bool {
        let json = Json::parse(entry.raw().as_bytes());
        json.is_ok_and(|json| self.matches.iter().all(|wanted| wanted.is_in(&json)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ENTRY: &str = r#"{ "id": "e1", "spektrId": "s1", "type": "alert_resolved", "createdAt": 1,
        "data": { "contextId": "c", "processId": "p", "userId": "u", "alertId": "a1", "alertName": "n",
        "count": 2, "list": [ { "x": "y" } ] } }"#;

    fn takes(types: &[&str], matches: &[&str], entry: &str) -> bool {
        let selection = Selection {
            types: types.iter().map(|name| (*name).to_owned()).collect(),
            matches: matches.iter().map(|text| Change::parse(text).expect("a path")).collect(),
        };
        assert_eq!(selection.is_narrow(), !(types.is_empty() && matches.is_empty()));
        selection.takes(&Entry::from_json(entry).expect("JSON"))
    }

    #[test]
    fn an_entry_is_taken_by_its_name_or_its_wire_type_in_any_case() {
        for name in ["alert_resolved", "ALERT_RESOLVED", "Alert_Resolved"] {
            assert!(takes(&[name], &[], ENTRY), "{name}");
        }
        assert!(takes(&[], &[], ENTRY));
        assert!(takes(&["step_init", "alert_resolved"], &[], ENTRY));
        assert!(!takes(&["step_init"], &[], ENTRY));
        let unknown = ENTRY.replace("alert_resolved", "something_new");
        assert!(takes(&["something_new"], &[], &unknown));
        assert!(!takes(&["alert_resolved"], &[], &unknown));
    }

    #[test]
    fn an_entry_is_taken_by_the_values_that_it_has_and_not_by_texts_alike() {
        for matching in ["data.alertId=a1", "/data/alertId=a1", "data.count=2", "data.list.0.x=y"] {
            assert!(takes(&[], &[matching], ENTRY), "{matching}");
        }
        for other in
            ["data.alertId=a", "data.count=\"2\"", "data.none=1", "data.list.1.x=y", "id.x=1"]
        {
            assert!(!takes(&[], &[other], ENTRY), "{other}");
        }
        assert!(takes(&[], &["id=e1", "data.count=2"], ENTRY));
        assert!(!takes(&[], &["id=e1", "data.count=3"], ENTRY));
        assert!(!takes(&["step_init"], &["id=e1"], ENTRY));
    }
}
