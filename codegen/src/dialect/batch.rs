//! Reads the schema of a batch: a list of entries in either envelope.

use super::{DialectReader, SchemaNode};
use crate::envelope::RESULTS;
use crate::model::{Member, Ty};
use crate::names;
use crate::problem::RequiredFile;

impl DialectReader<'_> {
    /// Reads the members of a batch: `results` alone. Only its elements may be alternatives;
    /// the dialect allows that nowhere else.
    pub(crate) fn batch(&mut self, root: &SchemaNode<'_>) -> Vec<Member> {
        let Some(properties) = self.required(root, "properties") else {
            return Vec::new();
        };
        self.only(&properties, &[RESULTS.name]);
        let Some(results) = self.required(&properties, RESULTS.name) else {
            return Vec::new();
        };
        self.only(&results, &["description", "type", "items", "x-aliases"]);
        self.required_choice(&results, "type", &[("array", ())]);
        if let Some(list) = self.required(root, "required")
            && self.strings(&list) != [RESULTS.name]
        {
            self.wrong_value(&list, format!("`[{:?}]`", RESULTS.name), list.json.to_string());
        }
        if let Some(items) = self.required(&results, "items") {
            self.entries(&items);
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
    fn entries(&mut self, items: &SchemaNode<'_>) {
        self.only(items, &["description", "anyOf"]);
        let Some(choices) = self.required(items, "anyOf") else {
            return;
        };
        let mut found = Vec::new();
        for choice in choices.elements() {
            self.only(&choice, &["$ref"]);
            let reference = self.required_string(&choice, "$ref").unwrap_or_default();
            found.push(names::resolve(choice.file, &reference));
        }
        if found
            != [RequiredFile::TypeEnvelope, RequiredFile::EventTypeEnvelope].map(RequiredFile::path)
        {
            let expected = "references to the two envelopes, the one with `type` first";
            self.wrong_value(&choices, expected, found.join(", "));
        }
    }
}
