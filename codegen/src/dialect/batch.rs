//! Reads the schema of a batch: a list of entries in either envelope.

use super::{Node, Reader};
use crate::envelope::RESULTS;
use crate::model::{Member, Ty};
use crate::names;
use crate::problem::{ProblemKind, Required};

impl Reader<'_> {
    /// Reads the members of a batch: `results` alone. Only its elements may be alternatives;
    /// the dialect allows that nowhere else.
    pub(crate) fn batch(&mut self, root: &Node<'_>) -> Vec<Member> {
        let Some(properties) = root.get("properties") else {
            self.report(root, ProblemKind::Missing("properties"));
            return Vec::new();
        };
        self.only(&properties, &[RESULTS.name]);
        let Some(results) = properties.get(RESULTS.name) else {
            self.report(&properties, ProblemKind::Missing(RESULTS.name));
            return Vec::new();
        };
        self.only(&results, &["description", "type", "items", "x-aliases"]);
        match results.get("type") {
            Some(node) => drop(self.choice(&node, &[("array", ())])),
            None => self.report(&results, ProblemKind::Missing("type")),
        }
        match root.get("required") {
            Some(list) if self.strings(&list) == [RESULTS.name] => {}
            Some(list) => {
                let expected = format!("`[{:?}]`", RESULTS.name);
                let found = list.json.to_string();
                self.report(&list, ProblemKind::WrongValue { expected, found });
            }
            None => self.report(root, ProblemKind::Missing("required")),
        }
        match results.get("items") {
            Some(items) => self.entries(&items),
            None => self.report(&results, ProblemKind::Missing("items")),
        }
        vec![Member {
            name: RESULTS.name.to_owned(),
            pointer: results.pointer.clone(),
            description: self.description(&results),
            required: true,
            ty: Ty::Array(Box::new(Ty::Raw)),
            sensitive: false,
            keeps_raw: false,
            aliases: self.aliases(RESULTS.name, &results),
            valid_for_seconds: None,
            source: None,
        }]
    }

    /// Checks that the entries may have each of the two envelopes, and no other form.
    fn entries(&mut self, items: &Node<'_>) {
        self.only(items, &["description", "anyOf"]);
        let Some(choices) = items.get("anyOf") else {
            self.report(items, ProblemKind::Missing("anyOf"));
            return;
        };
        let mut found = Vec::new();
        for choice in choices.elements() {
            self.only(&choice, &["$ref"]);
            let reference = self.required_string(&choice, "$ref").unwrap_or_default();
            found.push(names::resolve(choice.file, &reference));
        }
        if found != [Required::TypeEnvelope, Required::EventTypeEnvelope].map(Required::path) {
            let expected = "references to the two envelopes, the one with `type` first".to_owned();
            let found = found.join(", ");
            self.report(&choices, ProblemKind::WrongValue { expected, found });
        }
    }
}
