//! `asyncapi.json`: the channel of deliveries for AsyncAPI 3.0.

use spektr_json::Json;

use super::components::{self, deliveries};
use super::facts::{self, ANSWERS, HEADERS, SIGNATURE, SIGNING};
use super::schemas::{component, object, refer, texts};
use super::{DELIVERY, info};
use crate::embed;
use crate::examples::Examples;
use crate::model::Model;

pub(super) fn file(model: &Model, examples: &Examples) -> String {
    let channel = object([
        ("address", Json::Null),
        ("title", "Deliveries".into()),
        (
            "description",
            "The URL that you have set for the webhook at spektr. You choose the address.".into(),
        ),
        ("messages", object([("delivery", refer("#/components/messages/delivery"))])),
    ]);
    let members = vec![
        ("asyncapi", "3.0.0".into()),
        ("info", info(model)),
        ("defaultContentType", "application/json".into()),
        ("channels", object([("deliveries", channel)])),
        ("operations", object([("receiveDelivery", operation())])),
        (
            "components",
            object([
                ("schemas", components::schemas(model, examples)),
                ("messages", object([("delivery", message(examples))])),
                ("securitySchemes", object([("signature", scheme())])),
            ]),
        ),
    ];
    embed::file_with("x-generated", "schema", members, usize::MAX)
}

fn operation() -> Json {
    let mut text = facts::on_delivery();
    for answer in ANSWERS {
        text.push_str(&format!("\n\n- {}: {}", answer.status, answer.meaning));
    }
    let http = object([("method", "POST".into()), ("bindingVersion", "0.3.0".into())]);
    object([
        ("action", "receive".into()),
        ("channel", refer("#/channels/deliveries")),
        ("summary", "Receives a delivery".into()),
        ("description", text.as_str().into()),
        ("security", Json::Array(vec![refer("#/components/securitySchemes/signature")])),
        ("bindings", object([("http", http)])),
        ("messages", Json::Array(vec![refer("#/channels/deliveries/messages/delivery")])),
    ])
}

fn message(examples: &Examples) -> Json {
    let headers = HEADERS.map(|header| {
        let mut schema = facts::header_schema(&header);
        schema.put("description", header.description.into());
        schema.put("examples", texts([header.example]));
        (header.name, schema)
    });
    let values = object(HEADERS.map(|header| (header.name, header.example.into())));
    let examples = deliveries(examples).map(|(case, body)| {
        object([("name", case.into()), ("headers", values.clone()), ("payload", body.clone())])
    });
    object([
        ("name", "delivery".into()),
        ("title", "A delivery".into()),
        ("summary", "A batch of events, signed".into()),
        ("contentType", "application/json".into()),
        (
            "headers",
            object([
                ("type", "object".into()),
                ("properties", object(headers)),
                ("required", texts(HEADERS.map(|header| header.name))),
            ]),
        ),
        ("payload", component(DELIVERY)),
        ("examples", Json::Array(examples.collect())),
    ])
}

fn scheme() -> Json {
    object([
        ("type", "httpApiKey".into()),
        ("in", "header".into()),
        ("name", SIGNATURE.into()),
        ("description", SIGNING.into()),
    ])
}
