//! Uses of the types beside reading their fields: events in jobs, ids as keys, names as texts.

use std::borrow::Borrow;
use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use spektr_tests::corpus;
use spektr_types::{
    AlertId, AlertResolved, Delivered, Event, EventId, EventStatus, EventType, FileUrl, Router,
    StepInit, TagAction, WorkspaceId, catalogue,
};

#[test]
fn an_event_that_was_put_in_a_job_is_read_back_from_either_envelope() {
    let mut kinds = BTreeSet::new();
    let mut envelopes = BTreeMap::from([(false, 0), (true, 0)]);
    let examples = corpus::examples();
    let unknown = examples["unknown"].iter().cloned();
    for example in corpus::event_examples().chain(unknown) {
        let what = format!("{}/{}", example.folder, example.case);
        let read: Event =
            serde_json::from_str(&example.body).unwrap_or_else(|error| panic!("{what}: {error}"));
        assert_eq!(read, example.event(), "{what}");
        let job = serde_json::to_string(&read).expect("an event serializes");
        assert_eq!(serde_json::from_str::<Event>(&job).ok().as_ref(), Some(&read), "{what}");
        kinds.insert(read.event_type().info().map(|info| info.name()));
        *envelopes.entry(example.has_event_type_envelope()).or_default() += 1;
    }
    let expected: BTreeSet<_> = catalogue().map(|info| Some(info.name())).chain([None]).collect();
    assert_eq!(kinds, expected, "every event is among them, and one that is unknown");
    assert!(envelopes.values().all(|count| *count > 5), "{envelopes:?}");
}

#[test]
fn an_event_is_read_from_a_value_too() {
    for example in corpus::event_examples().filter(|example| example.case == "full") {
        let read: Event = serde_json::from_value(example.json()).expect("it decodes");
        assert_eq!(
            serde_json::to_value(&read).ok(),
            serde_json::to_value(example.event()).ok(),
            "{}",
            example.folder
        );
    }
}

#[test]
fn what_is_no_event_is_an_error_that_says_where() {
    let error = |json: &str| serde_json::from_str::<Event>(json).expect_err(json).to_string();
    assert_eq!(
        error(r#"{"id":"e","spektrId":"s","type":"step_init"}"#),
        "malformed entry: /createdAt is missing"
    );
    assert_eq!(error(r#"{"results":[]}"#), "malformed entry: /type is missing");
    assert!(error("[]").starts_with("malformed entry: the entry is array"));
    assert!(error(r#"{"type":"#).starts_with("EOF while parsing a value"));
}

#[test]
fn an_event_type_is_a_text_and_back() {
    for info in catalogue() {
        let event_type = info.event_type();
        let text = event_type.to_string();
        assert_eq!(text, info.wire_types().canonical);
        assert_eq!(text.parse().as_ref(), Ok(event_type));
        assert_eq!(EventType::from(text.to_ascii_uppercase()), *event_type);
        let json = serde_json::to_string(event_type).expect("a text");
        assert_eq!(json, format!("\"{text}\""));
        assert_eq!(serde_json::from_str::<EventType>(&json).ok().as_ref(), Some(event_type));
        assert_eq!(*event_type, *text);
        for accepted in info.wire_types().accepted {
            let owner = catalogue().find(|info| info.wire_types().canonical == *accepted);
            let expected = owner.unwrap_or(info).event_type();
            assert_eq!(EventType::from(*accepted), *expected, "{accepted}");
        }
    }
    let unknown = EventType::from("Something_New");
    assert_eq!((unknown.as_str(), &unknown), ("Something_New", &EventType::from("something_NEW")));
    assert_eq!(unknown, "something_new");
    assert_eq!(EventType::StepInit, "STEP_INIT");
    assert_ne!(unknown, EventType::from("something_newer"));
    assert_eq!(unknown.info().map(|info| info.name()), None);
    assert_eq!(serde_json::to_string(&unknown).ok().as_deref(), Some("\"Something_New\""));
    assert_eq!(format!("{:<16}|", EventType::StepInit), "step_init       |");
}

#[test]
fn event_types_are_keys_of_maps_in_the_order_of_their_texts() {
    let mut types: Vec<_> = catalogue().map(|info| info.event_type().clone()).collect();
    types.push(EventType::from("a_new_one"));
    types.push(EventType::from("zzz"));
    let sorted: BTreeSet<_> = types.iter().cloned().collect();
    let mut texts: Vec<_> = types.iter().map(|event_type| event_type.as_str()).collect();
    texts.sort_unstable();
    assert_eq!(sorted.iter().map(EventType::as_str).collect::<Vec<_>>(), texts);
    let counts: HashMap<_, _> = types.iter().map(|event_type| (event_type, 1)).collect();
    assert_eq!(counts[&EventType::from("zzz")], 1);
    assert_eq!(
        (counts[&EventType::from("ZZZ")], sorted.contains(&EventType::from("ZzZ"))),
        (1, true)
    );
    let order = |one: &str, other: &str| EventType::from(one).cmp(&other.into());
    assert_eq!([order("B", "a"), order("b", "C")], [Ordering::Greater, Ordering::Less]);
}

#[test]
fn a_status_is_a_word_and_back() {
    for (status, word) in [
        (EventStatus::Available, "available"),
        (EventStatus::Wip, "wip"),
        (EventStatus::Deprecated, "deprecated"),
    ] {
        assert_eq!((status.as_str(), status.to_string().as_str()), (word, word));
        assert_eq!(word.parse(), Ok(status));
    }
    for text in ["", "Available", "wip ", "ended"] {
        let error = text.parse::<EventStatus>().expect_err(text);
        assert_eq!(
            error.to_string(),
            "the status of an event is one of available, wip, deprecated"
        );
    }
}

#[test]
fn an_id_is_compared_looked_up_and_converted_as_its_text() {
    let id = AlertId::from("a1");
    assert_eq!(id, "a1");
    assert_eq!("a1", id);
    assert_eq!(id, *"a1");
    assert_eq!(*"a1", id);
    assert!(id != "A1" && id != "a1 ");
    assert_eq!("a1".parse(), Ok(id.clone()));
    assert_eq!(AlertId::from("a1".to_owned()), id);
    assert_eq!(id.as_ref() as &str, "a1");
    assert_eq!(Borrow::<str>::borrow(&id), "a1");
    assert_eq!(String::from(id.clone()), "a1");
    assert_eq!(id.clone().into_string(), "a1");
    assert_eq!(id.to_string(), "a1");

    let ids = ["b", "a", "é", "", "B"];
    let map: HashMap<EventId, usize> = ids.into_iter().map(EventId::from).zip(0..).collect();
    let tree: BTreeMap<EventId, usize> = ids.into_iter().map(EventId::from).zip(0..).collect();
    for (index, id) in ids.into_iter().enumerate() {
        assert_eq!(map.get(id), Some(&index), "{id}");
        assert_eq!(tree.get(id), Some(&index), "{id}");
    }
    assert_eq!(map.get("c"), None);
    let none: Option<&WorkspaceId> = None;
    assert_eq!(none.map(|id| id.as_str()), None);
}

#[test]
fn a_url_gives_its_text_and_does_not_show_it() {
    let url = FileUrl::from("https://files.example/secret");
    assert_eq!(url, "https://files.example/secret");
    assert_eq!(format!("{url:?}"), "FileUrl(<redacted>)");
    assert_eq!(String::from(url), "https://files.example/secret");
}

#[test]
fn an_open_enum_is_a_text_and_back_whether_it_is_known_or_not() {
    for text in TagAction::KNOWN.iter().chain(&["reassigned", ""]) {
        let action = TagAction::from(*text);
        assert_eq!(action, **text);
        assert_eq!(*text, action);
        assert_eq!(text.parse().as_ref(), Ok(&action));
        assert_eq!(action.to_string(), **text);
        assert_eq!(action.as_ref() as &str, *text);
        assert_eq!(matches!(action, TagAction::Unknown(_)), !TagAction::KNOWN.contains(text));
        let json = serde_json::to_string(&action).expect("a text");
        assert_eq!(serde_json::from_str::<TagAction>(&json).ok(), Some(action));
    }
}

/// Returns the full example of every event, and an unknown event.
fn one_of_each() -> Vec<Event> {
    let unknown = corpus::examples().remove("unknown").expect("there are unknown events");
    let full = corpus::event_examples().filter(|example| example.case == "full");
    full.chain(unknown.into_iter().take(1)).map(|example| example.event()).collect()
}

#[test]
fn an_event_is_taken_out_of_the_enum_or_given_back() {
    for event in one_of_each() {
        let is_resolved = event.event_type() == EventType::AlertResolved;
        match AlertResolved::try_from(event.clone()) {
            Ok(alert) => assert!(is_resolved && Event::from(alert) == event),
            Err(other) => assert!(!is_resolved && other == event),
        }
    }
}

#[test]
fn a_router_gives_each_event_to_its_function_and_all_others_to_the_fallback() {
    let router = Router::new(|event: Event| format!("fallback {}", event.event_type()))
        .on(|_: AlertResolved| "replaced".to_owned())
        .on(|alert: AlertResolved| format!("alert {}", alert.id))
        .on(|step: StepInit| format!("step {}", step.id));
    let mut fell_back = Vec::new();
    for event in one_of_each() {
        let id = event.id().cloned();
        let (event_type, routed) = (event.event_type(), router.route(event));
        let expected = match (&event_type, id) {
            (EventType::AlertResolved, Some(id)) => format!("alert {id}"),
            (EventType::StepInit, Some(id)) => format!("step {id}"),
            _ => {
                fell_back.extend(event_type.info().map(|info| info.name()));
                format!("fallback {event_type}")
            }
        };
        assert_eq!(routed, expected);
    }
    let unhandled: Vec<_> = router.unhandled().map(|info| info.name()).collect();
    fell_back.sort_unstable();
    assert_eq!(unhandled, fell_back, "what has no function reaches the fallback");
    assert_eq!(unhandled.len(), catalogue().len() - 2);
    assert_eq!(format!("{router:?}"), "Router { routes: [AlertResolved, StepInit], .. }");
}

#[test]
fn a_router_hands_on_what_comes_with_an_event() {
    let router = Router::with_context(|event: Event, log: &'static str| (log, event.event_type()))
        .on_with(|_: AlertResolved, log| (log, EventType::from("taken")));
    for event in one_of_each() {
        let expected = match event.event_type() {
            EventType::AlertResolved => EventType::from("taken"),
            other => other,
        };
        assert_eq!(router.route_with(event, "log"), ("log", expected));
    }
}

/// A flag whose variants are complete can be matched without an arm for others.
#[test]
fn the_delivery_flag_is_complete() {
    for (flag, delivered) in [
        (Delivered::Absent, false),
        (Delivered::Null, false),
        (Delivered::False, false),
        (Delivered::True, true),
    ] {
        let word = match flag {
            Delivered::Absent => "absent",
            Delivered::Null => "null",
            Delivered::False => "false",
            Delivered::True => "true",
        };
        assert_eq!(flag.is_delivered(), delivered, "{word}");
        assert_eq!(flag.is_absent(), word == "absent");
    }
}
