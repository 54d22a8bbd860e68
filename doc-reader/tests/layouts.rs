//! Pages in other layouts than today's: columns in another order, other words,
//! lists in HTML inside Markdown, tables for each object.

mod short;

use short::facts;
use spektr_doc_reader::{ReadError, read};

#[test]
fn markdown_with_front_matter_a_batch_and_columns_in_another_order() {
    let page = r###"---
title: "Webhook events"
deprecated: false
---

Deliveries are batches: the body is `{"results":[...]}` and each entry is handled on its own.

### Event overview

| Status | Event | When |
|:--|:--|:--|
| Available | `process_started` | A process begins |
| **Deprecated** | ~~`PROCESS_RUN_START`~~ | Use process_started |
| Beta | `CASE_OPENED` | A case is opened |

### process_started

#### Example

```json
{
  "results": [
    {
      "id": "1", // the id
      "workspaceId": "w",
      eventType: "process_started",
      "timestamp": 1731057600,
      "data": { "contextId": "c", ... }
    },
    ...
  ]
}
```

#### Fields

| Description | Type | Name |
|---|---|---|
| Event id | `string` | `id` |
| The workspace | `string \| null` | `workspaceId` |
| Type | string | `eventType` |
| When | integer (int64) | `timestamp` |
| payload | object | `data` |
| Run | string? | `data.contextId` |

### CASE_OPENED / CASE_CLOSED

| Field | Data type | Required | Details |
|---|---|---|---|
| id | string | Yes | x |
| note | string | No | x |
| parties | `string[]` | Yes | x |

### Retries

| Attempt | Delay |
|---|---|
| 1 | 1s |
"###;
    insta::assert_snapshot!(facts(page));
}

#[test]
fn html_with_a_table_for_each_object_and_one_for_all_events() {
    let page = r###"<html><head><title>Events | Docs</title></head><body><main><h1>Events</h1>
<p>WIP</p>
<table><tr><td>Event</td><td>Description</td><td>Status</td></tr>
<tr><td><code>ORDER_<wbr>PLACED</code></td><td>An order<br>is placed</td><td><span class="badge">Available</span></td></tr>
<tr><td>ORDER_LOST (deprecated)</td><td>gone</td><td>Available</td></tr></table>
<h3>ORDER_PLACED</h3><h4>Payload</h4>
<pre class="line">{</pre><pre class="line">  "id": "x",</pre><pre class="line">  "data": {"total": 1.5}</pre><pre class="line">}</pre>
<h4>data</h4>
<table><thead><tr><th>Property<th>Type<th>Description</thead><tbody><tr><td>total<td>number<td>Sum<tr><td>currency<td>string | null<td>Code</tbody></table>
<h2>Common fields</h2>
<table><tr><th>Name</th><th>Type</th><th>Description</th></tr><tr><td>id</td><td>string</td><td>Id</td></tr></table>
</main></body></html>
"###;
    insta::assert_snapshot!(facts(page));
}

#[test]
fn run_together_cells_in_other_orders() {
    let page = r###"Guides
Webhook events

EventStatusDescription
LAMP_LITAvailableA lamp was lit
LAMP_OUTDeprecatedA lamp went out

LAMP_LIT

JSON

{
  "id": "1",
  "substringIndex": 3,
  "typeString": "x"
}

TypeNameDescription
stringidEvent ID.
numbersubstringIndexIndex of it
string | nulltypeStringString of type

LAMP_OUT

FieldTypeRequiredDescription
idstringYesEvent ID.
levelnumber | nullNo
whyArray of stringsNoNo reason
"###;
    insta::assert_snapshot!(facts(page));
}

#[test]
fn one_cell_to_a_line_without_blank_lines() {
    let page = r###"Webhook events
Event
Description
Status
LAMP_LIT
A lamp was lit
Available
LAMP_OUT
WIP
LAMP_BROKEN
A lamp broke
and fell
Available
LAMP_LIT
{
  "id": "1",
  "data": { "room": "x" }
}
Name
Type
Description
id
string
ID
data.room
string \null
data.level
number
Level
of light
data.x
boolean
LAMP_BROKEN
Name
Type
Description
id
string
ID
"###;
    insta::assert_snapshot!(facts(page));
}

#[test]
fn markdown_with_a_table_in_html() {
    let page = r###"# Webhooks

<table>
  <thead>

  <tr><th>Webhook</th><th>Description</th><th>Status</th></tr>
  </thead>
  <tbody>

    <tr><td>LAMP_LIT</td><td>x</td><td>Available</td></tr>

  </tbody>
</table>

## CUSTOMER\_LAMP

text

## LAMP_LIT

~~~
{ "id": "1", "type": "lamp_lit" }
~~~
"###;
    insta::assert_snapshot!(facts(page));
}

#[test]
fn several_tables_of_events_are_one_list() {
    let table = |rows: &str| format!("| Event | Description |\n| --- | --- |\n{rows}\n\n");
    let page = format!(
        "# Hooks\n\n## Lamps\n\n{}## Doors\n\n{}",
        table("| LAMP_LIT | x |\n| LAMP_OUT | Deprecated: x |"),
        table("| DOOR_OPENED | x |\n| LAMP_LIT | again |\n| Other things | x |")
    );
    assert_eq!(
        facts(&page),
        "title Hooks\nevent LAMP_LIT ?\nevent LAMP_OUT deprecated\nevent DOOR_OPENED ?\n\
         problem EventUnnamed: Other things x\nproblem EventRepeated: LAMP_LIT"
    );
}

#[test]
fn a_row_that_cannot_be_split_is_reported() {
    let page = "Hooks\n\nEventDescriptionStatus\nLAMP_LITA lamp is litAvailable\n\nLAMP_LIT\n\nNameTypeDescription\nidstringId.\nwhat is this\n";
    assert_eq!(
        facts(page),
        "title Hooks\nevent LAMP_LIT available\nsection \"LAMP_LIT\" [\"LAMP_LIT\"] id:string\nproblem RowUnsplit: what is this"
    );
}

#[test]
fn names_of_events_end_where_words_begin() {
    let page = "Hooks\n\nEventDescriptionStatus\nLAMP_LITA lamp is litAvailable\nBELL_RUNGSome bell has rungWIP\n\
                DOOR_OPENEDwhen a door opensWIP\nGATE_CLOSEDWhen a gate closesWIP\n\nSome say when.\n";
    assert_eq!(
        facts(page),
        "title Hooks\nevent LAMP_LIT available\nevent BELL_RUNG wip\nevent DOOR_OPENED wip\nevent GATE_CLOSED wip"
    );
}

#[test]
fn pages_of_another_kind_are_refused() {
    let titled = |title: &str| Err(ReadError::NoEventTable { title: Some(title.to_owned()) });
    let cases = [
        ("<!doctype html><html><head><title>404</title></head><body><p>Not found", "404"),
        ("# Changelog\n\n| Version | Date |\n| --- | --- |\n| 1.0 | May |\n", "Changelog"),
        (
            "# API\n\n| Name | Type | Description |\n| --- | --- | --- |\n| id | string | x |\n",
            "API",
        ),
        ("Log in to go on\n\nPassword\n", "Log in to go on"),
        ("{\"events\": [\"LAMP_LIT\"]}", "{\"events\": [\"LAMP_LIT\"]}"),
    ];
    for (text, title) in cases {
        assert_eq!(read(text.as_bytes()), titled(title), "{text}");
    }
}

#[test]
fn members_whose_names_contain_types_are_told_from_their_types() {
    let page = "Hooks\n\nEventStatus\nLAMP_LITWIP\n\nLAMP_LIT\n\n{ \"id\": \"1\", \"data\": { \"objectCount\": 1 } }\n\
                NameTypeDescription\nidstringId.\ndata.objectCountnumberNumber of objects.\ndata.arrayOfobjectWhat it is of.\n\
                data.isStringbooleanWhether it is a string.\n";
    assert_eq!(
        facts(page),
        "title Hooks\nevent LAMP_LIT wip\n\
         section \"LAMP_LIT\" [\"LAMP_LIT\"] id:string data.objectCount:number data.arrayOf:object data.isString:boolean\n\
         problem RowAmbiguous: data.isStringbooleanWhether it is a string.\n\
         problem NotInExample: data.arrayOf\nproblem NotInExample: data.isString"
    );
}

#[test]
fn a_status_in_capitals_is_no_part_of_the_name() {
    let events = "title Hooks\nevent LAMP_LIT wip\nevent LAMP_OUT available\nevent LAMP_GA wip";
    let pages = [
        "EventStatus\nLAMP_LITWIP\nLAMP_OUTAvailable\nLAMP_GAWIP\n",
        "EventStatusDescription\nLAMP_LITWIPWhen it is lit\nLAMP_OUTAvailableA lamp is out\nLAMP_GAWIP\n",
        "StatusEventDescription\nWIPLAMP_LITWhen it is lit\nAvailableLAMP_OUT\nWIPLAMP_GA\n",
        "Event Description Status\nLAMP_LIT When it is lit WIP\nLAMP_OUTAvailable\nLAMP_GAWIP\n",
    ];
    for page in pages {
        assert_eq!(
            facts(&format!("Hooks\n\n{page}\nWhen it is lit, somebody is at home.\n")),
            events,
            "{page}"
        );
    }
}
