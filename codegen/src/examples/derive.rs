//! Derives examples from a full one, each by one rule of the dialect.

use spektr_json::{Json, pointer};

use super::edit::{renamed, set, without};
use super::places::{ExamplePlace, PlacedModel};
use super::{DerivedExamples, Example, ExampleFault, ExampleOrigin, InvalidExample};
use crate::envelope::{CREATED_AT, EVENT_TYPE, EVENT_TYPE_ENVELOPE, TIMESTAMP, WIRE_TYPE};
use crate::model::{Event, Member, Model, Ty, TypeKind};
use crate::passes::PAYLOAD;

pub(super) fn all(
    model: &Model,
    event: &Event,
    full: &Json,
    places: &[ExamplePlace<'_>],
) -> DerivedExamples {
    let mut derived = DerivedExamples::default();
    let whole = [
        ("minimal", minimal(model, event, full)),
        ("unknown_member", with_unknown_members(model, full, places)),
    ];
    let whole = whole.into_iter().map(|(case, body)| (case.to_owned(), body));
    for (case, body) in whole.chain(in_other_envelope(model, event, full, places)) {
        derived.valid.push(Example { case, body, origin: ExampleOrigin::Derived });
    }
    for wire_type in &event.wire_types.accepted {
        let place = [WIRE_TYPE.name.to_owned()];
        let value = Json::from(wire_type.as_str());
        derived.valid.push(Example {
            case: format!("wire_type_{wire_type}"),
            body: set(full, &place, value.clone()),
            origin: ExampleOrigin::Edited {
                pointer: pointer::join("", WIRE_TYPE.name),
                value: Some(value),
            },
        });
    }
    for place in places {
        derived.valid.extend(valid(model, full, place));
        derived.invalid.extend(invalid(model, full, place));
    }
    derived
}

/// Returns the full example with allowed changes of one member.
fn valid(model: &Model, full: &Json, place: &ExamplePlace<'_>) -> Vec<Example> {
    let PlacedModel::Member(member) = place.what else {
        return Vec::new();
    };
    let mut edits: Vec<(&str, Option<Json>)> = Vec::new();
    if !member.required {
        edits.extend([("absent", None), ("null", Some(Json::Null))]);
    }
    let found = full.pointer(&place.pointer());
    let other = match (&member.ty, model.kind(&member.ty)) {
        (Ty::Boolean, _) | (_, Some(TypeKind::Delivered)) => match found {
            Some(Json::Bool(true)) => vec![("false", Json::Bool(false))],
            _ => vec![("true", Json::Bool(true))],
        },
        (Ty::Raw, _) => vec![
            ("text", Json::from("not documented")),
            ("list", Json::Array(vec![Json::from(1), Json::Null, Json::from("x")])),
        ],
        (_, Some(TypeKind::OpenEnum(_))) => vec![("other", Json::from("not_known_yet"))],
        (_, Some(TypeKind::Timestamp)) => {
            seconds(found).map(|at| ("seconds", at)).into_iter().collect()
        }
        _ => Vec::new(),
    };
    edits.extend(other.into_iter().map(|(name, value)| (name, Some(value))));
    edits
        .into_iter()
        .map(|(name, value)| Example {
            case: format!("{}_{name}", place.name),
            body: match &value {
                Some(value) => set(full, &place.tokens, value.clone()),
                None => without(full, &place.tokens),
            },
            origin: ExampleOrigin::Edited { pointer: place.pointer(), value },
        })
        .collect()
}

/// Returns the full example with one fault at one place.
fn invalid(model: &Model, full: &Json, place: &ExamplePlace<'_>) -> Vec<InvalidExample> {
    let name = &place.name;
    let pointer = place.pointer();
    let mut found = Vec::new();
    if matches!(place.what, PlacedModel::Member(member) if member.required) {
        found.push(InvalidExample {
            case: format!("missing_{name}"),
            pointer: pointer.clone(),
            fault: ExampleFault::Missing,
            body: without(full, &place.tokens),
        });
    }
    let null = place.is_required().then_some(("null", Json::Null));
    let null = null.filter(|_| model.kind(place.ty()) != Some(&TypeKind::Delivered));
    let wrong = null.into_iter().chain(wrong(model, place.ty()));
    if *place.ty() != Ty::Raw {
        found.extend(wrong.map(|(word, value)| InvalidExample {
            case: format!("{name}_{word}"),
            pointer: pointer.clone(),
            fault: ExampleFault::WrongType { found: json_type(&value) },
            body: set(full, &place.tokens, value),
        }));
    }
    found
}

/// Returns a value of another type than the given one, and a word for the value.
fn wrong(model: &Model, ty: &Ty) -> Option<(&'static str, Json)> {
    let (number, text) = (("number", Json::from(7)), ("text", Json::from("some text")));
    let list = ("list", Json::Array(Vec::new()));
    match (ty, model.kind(ty)) {
        (Ty::Raw, _) => None,
        (Ty::String, _) => Some(number),
        (Ty::Boolean | Ty::Integer | Ty::Number, _) => Some(text),
        (Ty::Map, _) => Some(list),
        (Ty::Array(_), _) => Some(("object", Json::Object(Vec::new()))),
        (Ty::Named(_), Some(TypeKind::Object(_))) => Some(list),
        (Ty::Named(_), Some(TypeKind::Timestamp | TypeKind::Delivered)) => Some(text),
        (Ty::Named(_), _) => Some(number),
    }
}

/// Returns the narrowest JSON Schema type of a value.
fn json_type(value: &Json) -> &'static str {
    match value {
        Json::Number(number) if number.is_i64() => "integer",
        other => other.kind(),
    }
}

/// Returns the full example with its required members only, with empty lists and no free keys.
fn minimal(model: &Model, event: &Event, full: &Json) -> Json {
    let members: Vec<&Member> = model.envelope.iter().chain(&event.members).collect();
    only_required(model, &members, full)
}

fn only_required(model: &Model, members: &[&Member], full: &Json) -> Json {
    let kept = full.members().iter().filter_map(|(name, json)| {
        let member = members.iter().find(|member| member.name == *name && member.required)?;
        let json = match (&member.ty, model.kind(&member.ty)) {
            (Ty::Array(_), _) => Json::Array(Vec::new()),
            (Ty::Map, _) => Json::Object(Vec::new()),
            (_, Some(TypeKind::Object(below))) => {
                only_required(model, &below.iter().collect::<Vec<_>>(), json)
            }
            _ => json.clone(),
        };
        Some((name.clone(), json))
    });
    Json::Object(kept.collect())
}

/// Returns the full example with one more member in each object of known members.
fn with_unknown_members(model: &Model, full: &Json, places: &[ExamplePlace<'_>]) -> Json {
    let objects = places
        .iter()
        .filter(|place| matches!(model.kind(place.ty()), Some(TypeKind::Object(_))))
        .map(|place| place.tokens.as_slice());
    let nested = Json::Object(vec![
        ("level".into(), 1.into()),
        ("tags".into(), Json::Array(vec!["a".into()])),
    ]);
    objects.chain([&[][..]]).fold(full.clone(), |json, tokens| {
        let place = [tokens, &["futureMember".to_owned()]].concat();
        set(&json, &place, nested.clone())
    })
}

/// Returns the full example and its variants in the envelope with `eventType`.
fn in_other_envelope(
    model: &Model,
    event: &Event,
    full: &Json,
    places: &[ExamplePlace<'_>],
) -> Vec<(String, Json)> {
    let own = |json: &Json| -> Vec<(String, Json)> {
        let is_own = |name: &String| model.envelope.iter().all(|member| member.name != *name);
        json.members().iter().filter(|(name, _)| is_own(name)).cloned().collect()
    };
    let data = |json: &Json| match own(json) {
        own if own.iter().all(|(name, _)| name == PAYLOAD) => {
            own.into_iter().next().map(|(_, data)| data)
        }
        own => Some(Json::Object(flat(model, event, own))),
    };
    let plain = entry(full, data(full), Vec::new());
    let mut cases = vec![("".to_owned(), plain.clone())];
    cases.push(("_minimal".into(), {
        let minimal = minimal(model, event, full);
        entry(&minimal, data(&minimal), Vec::new())
    }));
    let nested = entry(full, Some(Json::Object(own(full))), Vec::new());
    let (inside, beside): (Vec<_>, Vec<_>) =
        own(full).into_iter().partition(|(name, _)| name == PAYLOAD);
    if let Some((_, inside)) = inside.into_iter().next() {
        if nested != plain {
            cases.push(("_nested".into(), nested));
        }
        if !beside.is_empty() {
            cases.push(("_members_beside_data".into(), entry(full, Some(inside), beside)));
        }
    }
    let wire_type = |text: &str| set(&plain, &[EVENT_TYPE.name.to_owned()], text.into());
    cases.push(("_upper_case".into(), {
        wire_type(&event.wire_types.canonical.to_ascii_uppercase())
    }));
    for alias in &event.wire_types.accepted {
        cases.push((format!("_wire_type_{alias}"), wire_type(alias)));
    }
    for (alias, json) in with_aliases(model, full, places) {
        cases.push((format!("_{alias}"), entry(&json, data(&json), Vec::new())));
    }
    cases.into_iter().map(|(case, json)| (format!("event_type_envelope{case}"), json)).collect()
}

/// Merges the members of `data` with those beside it, unless `data` has free keys.
fn flat(model: &Model, event: &Event, own: Vec<(String, Json)>) -> Vec<(String, Json)> {
    let data = event.members.iter().find(|member| member.name == PAYLOAD);
    let is_typed =
        data.is_some_and(|data| matches!(model.kind(&data.ty), Some(TypeKind::Object(_))));
    own.into_iter()
        .flat_map(|(name, json)| match json {
            Json::Object(members) if name == PAYLOAD && is_typed => members,
            json => vec![(name, json)],
        })
        .collect()
}

/// Returns the full example once for each alias of an event's own member, under that alias. It
/// skips envelope members: the schemas list no alias of theirs, so an example with one would not be
/// valid.
fn with_aliases(model: &Model, full: &Json, places: &[ExamplePlace<'_>]) -> Vec<(String, Json)> {
    let is_around = |place: &ExamplePlace<'_>| match &place.tokens[..] {
        [name] => name == PAYLOAD || model.envelope.iter().any(|member| member.name == *name),
        _ => false,
    };
    let members = places.iter().filter_map(|place| match place.what {
        PlacedModel::Member(member) if !is_around(place) => Some((place, member)),
        PlacedModel::Member(_) | PlacedModel::Element(_) => None,
    });
    members
        .flat_map(|(place, member)| {
            member
                .aliases
                .iter()
                .map(|alias| (format!("alias_{alias}"), renamed(full, &place.tokens, alias)))
        })
        .collect()
}

/// Returns an entry in the envelope with `eventType`.
fn entry(full: &Json, data: Option<Json>, beside: Vec<(String, Json)>) -> Json {
    let head = EVENT_TYPE_ENVELOPE.iter().filter(|part| part.name != PAYLOAD);
    let head = head.filter_map(|part| {
        let value = match part.name {
            name if name == EVENT_TYPE.name => full.get(WIRE_TYPE.name).cloned(),
            name if name == TIMESTAMP.name => seconds(full.get(CREATED_AT.name)),
            name => full.get(name).cloned(),
        };
        Some((part.name.to_owned(), value?))
    });
    let data = data.map(|data| (PAYLOAD.to_owned(), data));
    Json::Object(head.chain(beside).chain(data).collect())
}

/// Converts a time from milliseconds to seconds.
fn seconds(json: Option<&Json>) -> Option<Json> {
    Some(Json::from(json?.as_i64()? / 1000))
}
