//! The fields of a query or a form.

use form_urlencoded::Serializer;
use spektr_inbox::store::{Filter, State};

use super::refused::Refused;

/// Named texts. Empty texts and repeated names are left out.
pub(super) struct Fields(Vec<(String, String)>);

impl Fields {
    pub(super) fn parse(text: &[u8]) -> Self {
        let mut fields: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(text) {
            let value = value.trim();
            if !value.is_empty() && fields.iter().all(|(other, _)| *other != name) {
                fields.push((name.into_owned(), value.to_owned()));
            }
        }
        Self(fields)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(other, _)| other == name).map(|(_, value)| value.as_str())
    }

    /// Reads a whole number that is not negative.
    pub(super) fn number(&self, name: &str) -> Result<Option<i64>, Refused> {
        let Some(text) = self.text(name) else { return Ok(None) };
        match text.parse() {
            Ok(number @ 0..) => Ok(Some(number)),
            _ => Err(Refused::asked(format!(
                "{name} must be a whole number from 0 on: remove it from the address"
            ))),
        }
    }

    /// Returns the filter that the fields describe.
    pub(super) fn filter(&self) -> Result<Filter, Refused> {
        let text = |name| self.text(name).map(str::to_owned);
        let state = match self.text("state").map(str::parse::<State>) {
            None => None,
            Some(Ok(state)) => Some(state),
            Some(Err(error)) => return Err(Refused::asked(error.to_string())),
        };
        Ok(Filter {
            state,
            wire_type: text("type"),
            source: text("source"),
            spektr_id: text("customer"),
            id: text("id"),
            number: self.number("number")?,
            up_to: self.number("up_to")?,
            ..Filter::all()
        })
    }
}

/// Returns the names and values of the fields that describe a filter.
pub(super) fn fields_of(filter: &Filter) -> Vec<(&'static str, String)> {
    let number = |number: Option<i64>| number.map(|number| number.to_string());
    let fields = [
        ("state", filter.state.map(|state| state.to_string())),
        ("type", filter.wire_type.clone()),
        ("source", filter.source.clone()),
        ("customer", filter.spektr_id.clone()),
        ("id", filter.id.clone()),
        ("number", number(filter.number)),
        ("up_to", number(filter.up_to)),
    ];
    fields.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
}

/// Returns the path of the page for signing in, which then leads to `next`.
pub(super) fn sign_in(next: String) -> String {
    link("/sign-in", &Filter::all(), &[("next", next)])
}

/// Returns a path with a query that has the fields of a filter, and more fields.
pub(super) fn link(path: &str, filter: &Filter, more: &[(&str, String)]) -> String {
    let mut query = Serializer::new(String::new());
    query.extend_pairs(fields_of(filter)).extend_pairs(more);
    match query.finish() {
        none if none.is_empty() => path.to_owned(),
        query => format!("{path}?{query}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_filter_comes_back_from_its_link_whatever_it_holds() {
        let text = |text: &str| Some(text.to_owned());
        let filters = [
            Filter::all(),
            Filter { up_to: Some(9), ..Filter::state(State::Dead) },
            Filter { number: Some(1), ..Filter::all() },
            Filter {
                wire_type: text("a&b=c d"),
                source: text("é#?"),
                spektr_id: text("<script>"),
                id: text("100 %"),
                ..Filter::all()
            },
        ];
        for filter in filters {
            let link = link("/entries", &filter, &[("before", "7".to_owned())]);
            let (path, query) = link.split_once('?').expect("a query");
            assert_eq!(path, "/entries");
            let fields = Fields::parse(query.as_bytes());
            assert_eq!(fields.filter().ok(), Some(filter));
            assert_eq!(fields.number("before").ok(), Some(Some(7)));
        }
        assert_eq!(link("/entries", &Filter::all(), &[]), "/entries");
    }

    #[test]
    fn what_is_no_state_or_number_is_refused() {
        let states = "the state is none of pending, done, dead, malformed, unknown, unreadable, \
                      conflict, resolved";
        let whole = "must be a whole number from 0 on: remove it from the address";
        for (query, said) in [
            ("state=lost", states.to_owned()),
            ("number=-1", format!("number {whole}")),
            ("number=x", format!("number {whole}")),
            ("up_to=9999999999999999999", format!("up_to {whole}")),
        ] {
            let refused = Fields::parse(query.as_bytes()).filter().expect_err(query);
            assert_eq!(refused.text, said, "{query}");
        }
        // Of two fields with one name, only the first counts.
        let fields = Fields::parse(b"type=a&type=b&source=+&id=");
        assert_eq!(fields.text("type"), Some("a"));
        assert_eq!((fields.text("source"), fields.text("id")), (None, None));
    }
}
