//! Hand-written peers: structs with equal fields and plain types, and an enum over them that serde
//! tags.

#![expect(dead_code, reason = "the fields are there to be filled")]

use serde::Deserialize;
use serde_json::{Map, Value};

#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Tagged {
    ProcessRunStart(Start),
    ProcessRunEnd(End),
    AlertResolved(Alert),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Start {
    id: String,
    spektr_id: String,
    workspace_id: Option<String>,
    delivered: Option<bool>,
    created_at: i64,
    reference: Option<String>,
    data: StartData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct StartData {
    process_type: String,
    process_name: String,
    process_id: String,
    context_id: String,
}

#[derive(Deserialize)]
pub struct End {
    id: String,
    #[serde(rename = "spektrId")]
    spektr_id: String,
    #[serde(rename = "workspaceId")]
    workspace_id: Option<String>,
    delivered: Option<bool>,
    #[serde(rename = "createdAt")]
    created_at: i64,
    process_name: String,
    process_output: String,
    files: Files,
    fields: Vec<Field>,
    data: Map<String, Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Files {
    client_files: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Field {
    key: Option<String>,
    label: Option<String>,
    helptext: Option<String>,
    placeholder: Option<String>,
    internal_id: Option<String>,
    children: Option<Vec<Child>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Child {
    key: Option<String>,
    label: Option<String>,
    helptext: Option<String>,
    placeholder: Option<String>,
    internal_id: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Alert {
    id: String,
    spektr_id: String,
    workspace_id: Option<String>,
    delivered: Option<bool>,
    created_at: i64,
    data: AlertData,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct AlertData {
    context_id: String,
    process_id: String,
    user_id: String,
    alert_id: String,
    alert_name: String,
}

#[derive(Deserialize)]
pub struct Results<T> {
    results: Vec<T>,
}
