//! Renders the page of deliveries: the batch, and the two envelopes of an entry.

use askama::Template;
use spektr_codegen::RequiredFile;
use spektr_codegen::facts::{self, ReceiverAnswer};
use spektr_codegen::model::{CommonFile, Member};

use crate::Input;
use crate::decision::{self, DecisionView};
use crate::event::ExampleView;
use crate::member::{self, MemberRow};
use crate::page::Page;
use crate::text::Text;

/// A part of a delivery: the batch or an envelope.
pub(crate) struct DeliveryPartView<'m> {
    pub(crate) anchor: &'static str,
    title: &'static str,
    common: &'m CommonFile,
    pub(crate) rows: Vec<MemberRow<'m>>,
    pub(crate) decisions: Vec<DecisionView<'m>>,
    pub(crate) examples: Vec<ExampleView>,
}

impl<'m> DeliveryPartView<'m> {
    pub(crate) fn title(&self) -> Text<'static> {
        Text(self.title)
    }

    pub(crate) fn description(&self) -> Text<'m> {
        Text(&self.common.description)
    }

    pub(crate) fn source(&self) -> &'m spektr_codegen::model::Source {
        &self.common.source
    }
}

/// The content of the page.
pub(crate) struct DeliveriesView<'m> {
    pub(crate) parts: Vec<DeliveryPartView<'m>>,
    /// A description of deliveries, and of the sender's reaction to answers.
    delivery: String,
    pub(crate) answers: &'static [ReceiverAnswer],
    /// Examples of entries with an unknown wire type.
    pub(crate) unknown: Vec<ExampleView>,
}

impl DeliveriesView<'_> {
    pub(crate) fn delivery(&self) -> Text<'_> {
        Text(&self.delivery)
    }
}

pub(crate) fn view<'m>(input: &Input<'m>) -> DeliveriesView<'m> {
    let model = input.model;
    let parts: [(RequiredFile, &str, &str, &[Member]); 3] = [
        (RequiredFile::Batch, "batch", "Batch", &model.batch),
        (RequiredFile::TypeEnvelope, "type", "Entry with `type`", &model.envelope),
        (
            RequiredFile::EventTypeEnvelope,
            "eventType",
            "Entry with `eventType`",
            &model.other_envelope,
        ),
    ];
    let parts = parts.into_iter().filter_map(|(file, anchor, title, members)| {
        let common = model.common.iter().find(|common| common.file == file.path())?;
        let mut rows = member::rows(model, members, &common.file, anchor);
        let prefix = format!("{anchor}/");
        let decisions =
            decision::decisions(model, &common.decisions, &common.file, &prefix, &mut rows);
        Some(DeliveryPartView {
            anchor,
            title,
            common,
            rows,
            decisions,
            examples: examples(input, anchor),
        })
    });
    DeliveriesView {
        parts: parts.collect(),
        delivery: facts::on_delivery(),
        answers: &facts::ANSWERS,
        unknown: examples(input, "unknown"),
    }
}

/// Returns the examples of a folder.
fn examples(input: &Input<'_>, folder: &str) -> Vec<ExampleView> {
    let prefix = format!("{folder}/");
    input.examples.of(folder).iter().map(|example| ExampleView::new(example, &prefix)).collect()
}

#[derive(Template)]
#[template(path = "deliveries.html", whitespace = "minimize")]
pub(crate) struct DeliveriesPage<'p, 'm> {
    pub(crate) page: Page<'p>,
    pub(crate) deliveries: &'p DeliveriesView<'m>,
}
