//! Bodies of fixed sizes, the same in every run.

pub mod chart;
mod delivery;
pub mod inbox;
pub mod load;
pub mod machine;
pub mod outage;
pub mod peers;
pub mod rates;
pub mod receivers;
pub mod verifying;
pub mod wake;

use serde_json::{Value, json};

pub use delivery::Delivery;

/// Returns a process_run_start of about 1 KB, with long ids and names as a sender may have.
pub fn process_run_start() -> String {
    json!({
        "id": format!("evt_{}", "0123456789abcdef".repeat(4)),
        "spektrId": format!("spk_{}", "0123456789abcdef".repeat(4)),
        "workspaceId": format!("wks_{}", "0123456789abcdef".repeat(4)),
        "type": "process_run_start",
        "delivered": null,
        "createdAt": 1_672_531_199_000_i64,
        "reference": "reference ".repeat(20),
        "data": {
            "processType": "onboarding",
            "processName": "Risk assessment of companies ".repeat(8),
            "processId": "0123456789abcdef".repeat(4),
            "contextId": "0123456789abcdef".repeat(4),
        }
    })
    .to_string()
}

/// Returns a process_run_end of about 18 KB, with 100 fields and a value in each.
pub fn process_run_end() -> String {
    let field = |index: usize| {
        json!({
            "key": format!("question_{index}"),
            "label": format!("Question number {index} of the form"),
            "helptext": null,
            "placeholder": "Please write here",
            "internalId": format!("{index:024x}"),
        })
    };
    let fields: Vec<Value> = (0..100).map(field).collect();
    let data: serde_json::Map<String, Value> = (0..100)
        .map(|index| (format!("question_{index}"), json!(format!("Answer {index}"))))
        .collect();
    // The documented order of members: the type early, the time last.
    format!(
        r#"{{"id":"evt_1","spektrId":"spk_1","type":"process_run_end","delivered":null,"process_name":"Onboarding of companies","process_output":"approved","files":{{"clientFiles":["https://files.example.com/1","https://files.example.com/2"]}},"fields":{},"data":{},"createdAt":1672531199000}}"#,
        json!(fields),
        json!(data),
    )
}

/// Returns a batch of 100 events of about 0.3 KB each.
pub fn batch() -> String {
    batch_of(100)
}

/// Returns a batch of a number of events of about 0.3 KB each.
pub fn batch_of(entries: usize) -> String {
    let entry = |index: usize| {
        json!({
            "id": format!("evt_{index}"),
            "spektrId": "spk_0123456789abcdef",
            "type": "alert_resolved",
            "delivered": true,
            "createdAt": 1_672_531_199_000_i64 + index as i64,
            "data": {
                "contextId": "0123456789abcdef01234567",
                "processId": "0123456789abcdef01234567",
                "userId": "0123456789abcdef01234567",
                "alertId": format!("alert_{index}"),
                "alertName": "A name on a sanctions list",
            }
        })
    };
    json!({ "results": (0..entries).map(entry).collect::<Vec<_>>() }).to_string()
}
