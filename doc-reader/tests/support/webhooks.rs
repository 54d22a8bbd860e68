//! The fixture page: what the vendor documents, in this project's words.

use super::{PageModel, SectionModel};

const ENVELOPE: [[&str; 3]; 5] = [
    ["id", "string", "Identifies the event."],
    ["spektrId", "string", "Identifies the customer that it is about."],
    ["type", "string", ""],
    ["delivered", "boolean", "True once a webhook has carried the event, falsy before."],
    ["createdAt", "number", "When the event came to be, as an epoch timestamp."],
];

fn envelope(wire_type: &'static str, rest: &[[&'static str; 3]]) -> Vec<[&'static str; 3]> {
    let mut rows = ENVELOPE.to_vec();
    rows[2][2] = wire_type;
    rows.extend_from_slice(rest);
    rows
}

fn later(heading: &'static str) -> SectionModel {
    SectionModel {
        heading,
        source: None,
        text: Some("We describe this event once it is public."),
        example: None,
        members: Vec::new(),
    }
}

/// The page as it is before anything changes.
pub(crate) fn page() -> PageModel {
    PageModel {
        title: "Webhook events and what they carry",
        intro: vec![
            "Webhooks tell your backend how the runs of your processes get on.",
            "Definitions on this page are not final.",
        ],
        batch: None,
        events: vec![
            ["PROCESS_RUN_START", "Sent as soon as a process begins to run", "Available"],
            ["PROCESS_RUN_END", "Sent as soon as a process has run", "Available"],
            ["STEP_INIT", "Sent when a process reaches a form", "WIP"],
            ["STEP_SUBMIT", "Sent when somebody fills in a form", "WIP"],
            ["SERVICE_RUN", "Sent when a service has answered", "Available"],
            ["ALERT_CREATED", "Sent when an alert is raised", "WIP"],
            ["ALERT_RESOLVED", "Sent when an alert is settled", "Available"],
            ["CUSTOMER_TAG_ADDED", "Sent when a process or a user tags a customer", "Available"],
            ["CUSTOMER_TAG_REMOVED", "Sent when a user takes a tag off a customer", "Available"],
            ["CUSTOMER_STATUS_CHANGED", "Sent when a customer gets another status", "Available"],
        ],
        sections: vec![
            process_run_start(),
            process_run_end(),
            later("STEP_SUBMIT (WIP)"),
            service_run(),
            later("ALERT_CREATED (WIP)"),
            alert_resolved(),
            customer_tag(),
            customer_status_changed(),
        ],
    }
}

fn process_run_start() -> SectionModel {
    SectionModel {
        heading: "PROCESS_RUN_START",
        source: None,
        text: None,
        example: Some(
            r#"{
  "id": "<id>",
  "spektrId": "<customer>",
  "type": "process_run_start",
  "delivered": true,
  "createdAt": 1700000000000,
  "reference": "my-reference",
  "data": {
    "processType": "onboarding",
    "processName": "New clients",
    "processId": "p-1",
    "contextId": "c-1"
  }
}"#,
        ),
        members: vec![
            ["id", "string", "Identifies the event."],
            ["spektrId", "string", "Identifies the customer that it is about."],
            ["type", "string", "The event's type: process_run_start."],
            ["delivered", "boolean \\null", ""],
            ["createdAt", "number", "When the event came to be, as an epoch timestamp."],
            ["processType", "string", "Which sort of process it is, such as 'onboarding'."],
            ["processName", "string", "What the process is called."],
            ["processId", "string", "Identifies the process."],
            ["contextId", "string", "Identifies the run."],
            ["reference", "string", "An optional value that the link to the form carried."],
        ],
    }
}

fn process_run_end() -> SectionModel {
    SectionModel {
        heading: "PROCESS_RUN_END",
        source: None,
        text: None,
        example: Some(
            r#"{
  "id": "<id>",
  "spektrId": "<customer>",
  "type": "<type>",
  "delivered": null,
  "process_name": "<name>",
  "process_output": "<output>",
  "files": {
    "clientFiles": ["<url>", "<url>"]
  },
  "fields": [
    {
      "key": "<key>",
      "label": "<label>",
      "helptext": "<help>",
      "placeholder": "<placeholder>",
      "internalId": "<id>",
    }
  ],
  "data": {},
  "createdAt": 1700000000000
}"#,
        ),
        members: vec![
            ["id", "string", "Identifies the event."],
            ["spektrId", "string", "Identifies the customer that it is about."],
            ["type", "string", "The event's type, process_run_end"],
            ["delivered", "boolean \\null", ""],
            ["process_name", "string", "What the process is called."],
            ["process_output", "string", "What the process came to."],
            [
                "files.clientFiles",
                "Array of strings",
                "Links to what the customer uploaded, good for a day.",
            ],
            ["fields", "Array of Fields", "The form's fields."],
            ["field.key", "string \\null", ""],
            ["field.label", "string \\null", ""],
            ["field.helptext", "string \\null", ""],
            ["field.placeholder", "string \\null", ""],
            ["field.internalId", "string \\null", ""],
            ["children", "Array of Fields", "Optional fields inside this one, one level deep."],
            [
                "data",
                "object",
                "free pairs of keys and values; a key is a field.key where a person gave the value.",
            ],
            ["createdAt", "number", "When the event came to be, as an epoch timestamp."],
        ],
    }
}

fn service_run() -> SectionModel {
    SectionModel {
        heading: "SERVICE_RUN",
        source: None,
        text: None,
        example: Some(
            r#"{
  "id": "<id>",
  "spektrId": "<customer>",
  "type": "service_run",
  "delivered": true,
  "createdAt": 1700000000000,
  "data": {
    "vendorType": "some vendor",
    "contextId":"<run",
    "processId":"<process>",
    "processName": "New clients",
    "processType": "onboarding",
    "reference": "my-reference"
  }
}"#,
        ),
        members: envelope(
            "The event's type: \"service_run\".",
            &[
                ["data.vendorType", "string", "Which sort of vendor answered."],
                ["data.contextId", "string", "Identifies the run."],
                ["data.processId", "string", "Identifies the process."],
                ["data.processName", "string", "What the process is called."],
                [
                    "data.processType",
                    "string",
                    "Which sort of process it is, such as 'onboarding'.",
                ],
                ["data.reference", "string \\null", ""],
            ],
        ),
    }
}

fn alert_resolved() -> SectionModel {
    SectionModel {
        heading: "ALERT_RESOLVED",
        source: None,
        text: None,
        example: Some(
            "{\n  \"id\": \"<id>\",\n  \"spektrId\": \"<customer>\",\n  \"type\": \"alert_resolved\",\n  \"delivered\": true,\n  \
             \"createdAt\": 1700000000000,\n  \"data\": {\n\t\t\"contextId\":\"<run\",\n    \"processId\":\"<process>\",\n\
             \t\t\"userId\":\"<who settled it>\",\n\t\t\"alertId\":\"<alert>\",\n\t\t\"alertName\": \"<what it is called>\n  }\n}",
        ),
        members: envelope(
            "The event's type: \"alert_resolved\".",
            &[
                ["data.contextId", "string", "Identifies the run."],
                ["data.processId", "string", "Identifies the process."],
                ["data.userId", "string", "Identifies who settled the alert."],
                ["data.alertId", "string", "Identifies the alert."],
                ["data.alertName", "string", "What the alert is called."],
            ],
        ),
    }
}

fn customer_tag() -> SectionModel {
    SectionModel {
        heading: "CUSTOMERTAG<ADD|REMOVE>",
        source: Some("CUSTOMER*TAG*<ADD|REMOVE>"),
        text: None,
        example: Some(
            "{\n  \"id\": \"<id>\",\n  \"spektrId\": \"<customer>\",\n  \"type\": \"customer_tag_add\" | \"customer_tag_remove\",\n  \
             \"delivered\": true,\n  \"createdAt\": 1700000000000,\n  \"data\": {\n    \"tagId\": \"<tag>\",\n    \
             \"action\": \"add\" | \"remove\",\n\t\t\"userId\":\"<who did it>\",\n\t\t\"processId\":\"<what did it>\"\n  }",
        ),
        members: envelope(
            "The event's type: \"customer_tag_add\" or \"customer_tag_remove\"",
            &[
                ["data.tagId", "string", "Identifies the tag."],
                ["data.action", "string", "What was done, 'add' or 'remove'"],
                ["data.userId", "string \\null", ""],
                ["data.processId", "string \\null", ""],
            ],
        ),
    }
}

fn customer_status_changed() -> SectionModel {
    SectionModel {
        heading: "CUSTOMER_STATUS_CHANGED",
        source: None,
        text: None,
        example: Some(
            r#"{
  "id": "<id>",
  "spektrId": "<customer>",
  "type": "customer_tag_add",
  "delivered": true,
  "createdAt": 1700000000000,
  "data": {
    "oldStatus": "<before>",
    "newStatus":"<after>",
    "customerName": "a person or a company",
    "userId":"<who did it>",
    "processId": "<what did it>",
    "processName": "<what did it, by name>"
  }
}"#,
        ),
        members: envelope(
            "The event's type: \"customer_tag_add\".",
            &[
                ["data.oldStatus", "string", "What the status was."],
                ["data.newStatus", "string", "What the status is."],
                ["data.customerName", "string", "What the customer is called."],
                ["data.userId", "string \\null", ""],
                ["data.processId", "string \\null", ""],
                ["data.processName", "string \\null", ""],
            ],
        ),
    }
}
