//! `openapi.json`: the receiving operation as a webhook of OpenAPI 3.1.

use spektr_json::Json;

use super::components::{self, deliveries};
use super::facts::{self, ACCEPTED, ANSWERS, HEADERS, SIGNATURE, SIGNING};
use super::schemas::{component, object, refer};
use super::{DELIVERY, LICENCE, info};
use crate::embed;
use crate::examples::Examples;
use crate::model::Model;

/// Name of the security scheme.
const SCHEME: &str = "signature";

pub(super) fn file(model: &Model, examples: &Examples) -> String {
    let parameters = HEADERS.map(|header| {
        let parameter = object([
            ("name", header.name.into()),
            ("in", "header".into()),
            ("required", Json::Bool(true)),
            ("description", header.description.into()),
            ("schema", facts::header_schema(&header)),
            ("example", header.example.into()),
        ]);
        (header.name, parameter)
    });
    let scheme = object([
        ("type", "apiKey".into()),
        ("in", "header".into()),
        ("name", SIGNATURE.into()),
        ("description", SIGNING.into()),
    ]);
    let mut info = info(model);
    if let Some(licence) = info.child_mut("license") {
        licence.put("identifier", LICENCE.into());
    }
    let members = vec![
        ("openapi", "3.1.0".into()),
        ("info", info),
        ("webhooks", object([("delivery", object([("post", operation(examples))]))])),
        (
            "components",
            object([
                ("schemas", components::schemas(model, examples)),
                ("parameters", object(parameters)),
                ("securitySchemes", object([(SCHEME, scheme)])),
            ]),
        ),
    ];
    embed::file_with("x-generated", "schema", members, usize::MAX)
}

fn operation(examples: &Examples) -> Json {
    let parameters =
        HEADERS.map(|header| refer(&format!("#/components/parameters/{}", header.name)));
    let examples = deliveries(examples).map(|(case, body)| {
        let summary = case.replace('_', " ");
        (case, object([("summary", summary.as_str().into()), ("value", body.clone())]))
    });
    let json = object([("schema", component(DELIVERY)), ("examples", object(examples))]);
    let body =
        object([("required", Json::Bool(true)), ("content", object([("application/json", json)]))]);
    object([
        ("operationId", "receiveDelivery".into()),
        ("summary", "Receives a delivery".into()),
        ("description", facts::on_delivery().as_str().into()),
        ("security", Json::Array(vec![object([(SCHEME, Json::Array(Vec::new()))])])),
        ("parameters", Json::Array(parameters.to_vec())),
        ("requestBody", body),
        ("responses", responses()),
    ])
}

fn responses() -> Json {
    let response = |text: &str| object([("description", text.into())]);
    let failure = facts::on_failure();
    let answers = ANSWERS.map(|answer| {
        let text = match answer.status == ACCEPTED {
            true => answer.meaning.to_owned(),
            false => format!("{} {failure}", answer.meaning),
        };
        (answer.status, response(&text))
    });
    object(answers.into_iter().chain([("default", response(&failure))]))
}
