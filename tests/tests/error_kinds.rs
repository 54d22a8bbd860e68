//! Tests the error for every fault that can be put into an event.
//!
//! Each member of each event's full example gets a value of every JSON type in turn, is removed,
//! and is given twice. The expected error follows from the model.

use serde_json::{Value, json};
use spektr_codegen::model::{Member, Model, Ty, TypeKind};
use spektr_tests::bodies::wrong_type;
use spektr_tests::corpus;
use spektr_types::{Entry, EntryErrorKind, JsonType};

/// A member in an example, with the JSON pointer of the object that contains it.
struct MemberPlace<'m> {
    parent: String,
    member: &'m Member,
}

impl MemberPlace<'_> {
    fn pointer(&self) -> String {
        format!("{}/{}", self.parent, self.member.name)
    }
}

/// Finds the members that an example has, at any depth.
fn places<'m>(model: &'m Model, members: &'m [Member], example: &Value) -> Vec<MemberPlace<'m>> {
    let mut places = Vec::new();
    let mut next = vec![(String::new(), members)];
    while let Some((parent, members)) = next.pop() {
        for member in members {
            let mut pointer = format!("{parent}/{}", member.name);
            let Some(mut value) = example.pointer(&pointer) else { continue };
            places.push(MemberPlace { parent: parent.clone(), member });
            let mut ty = &member.ty;
            while let Ty::Array(items) = ty {
                let Some(first) = value.get(0) else { break };
                pointer.push_str("/0");
                (value, ty) = (first, items.as_ref());
            }
            let def = if let Ty::Named(name) = ty { model.types.get(name) } else { None };
            if let (Some(TypeKind::Object(members)), true) =
                (def.map(|def| &def.kind), value.is_object())
            {
                next.push((pointer, members));
            }
        }
    }
    places
}

/// Calls `check` with every event's full example and the place of each of its members.
fn events(mut check: impl FnMut(&Value, &MemberPlace<'_>)) {
    let set = corpus::schema_set();
    let model = set.model();
    let examples = corpus::examples();
    for event in &model.events {
        let full = examples[&event.module].iter().find(|example| example.case == "full");
        let full = full.expect("each event has a full example").json();
        let members: Vec<Member> = model.envelope.iter().chain(&event.members).cloned().collect();
        for place in places(model, &members, &full) {
            // A changed wire type would make it another event.
            if place.member.name != "type" {
                check(&full, &place);
            }
        }
    }
}

fn outcome(text: &str) -> Result<(), (String, EntryErrorKind)> {
    let entry = Entry::from_json(text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let error = entry.decode().err();
    error.map_or(Ok(()), |error| Err((error.pointer().to_owned(), error.kind().clone())))
}

/// Returns the JSON type that the schema requires of a member's values, or `None` if any type is
/// allowed.
fn expected_type(model: &Model, ty: &Ty) -> Option<JsonType> {
    Some(match ty {
        Ty::String => JsonType::String,
        Ty::Boolean => JsonType::Boolean,
        Ty::Integer => JsonType::Integer,
        Ty::Number => JsonType::Number,
        Ty::Array(_) => JsonType::Array,
        Ty::Map => JsonType::Object,
        Ty::Named(name) => match model.types[name].kind {
            TypeKind::Object(_) => JsonType::Object,
            TypeKind::Timestamp => JsonType::Number,
            TypeKind::Delivered => JsonType::Boolean,
            _ => JsonType::String,
        },
        _ => return None,
    })
}

#[test]
fn a_value_of_another_type_is_said_to_be_one() {
    let set = corpus::schema_set();
    let samples = [
        (json!(null), JsonType::Null),
        (json!(true), JsonType::Boolean),
        (json!(1), JsonType::Integer),
        (json!(1.5), JsonType::Number),
        (json!("x"), JsonType::String),
        (json!([]), JsonType::Array),
        (json!({}), JsonType::Object),
    ];
    let mut refused = 0;
    events(|full, place| {
        let Some(expected) = expected_type(set.model(), &place.member.ty) else { return };
        for (value, found) in &samples {
            let is_whole_number = (expected, *found) == (JsonType::Number, JsonType::Integer);
            let may_be_null = !place.member.required && *found == JsonType::Null;
            let fits = expected == *found || is_whole_number || may_be_null;
            // An object or a list of the right type may lack required content.
            if fits && matches!(found, JsonType::Array | JsonType::Object) {
                continue;
            }
            let mut entry = full.clone();
            let pointer = place.pointer();
            *entry.pointer_mut(&pointer).expect("the member is there") = value.clone();
            let fault = wrong_type(expected, *found);
            let expected = if fits { Ok(()) } else { Err((pointer.clone(), fault)) };
            assert_eq!(outcome(&entry.to_string()), expected, "{pointer} is {value} in {full}");
            refused += usize::from(!fits);
        }
    });
    assert!(refused > 400, "only {refused} values were refused");
}

#[test]
fn a_required_member_that_is_not_there_is_missing() {
    let mut removed = 0;
    events(|full, place| {
        let mut entry = full.clone();
        let parent = entry.pointer_mut(&place.parent).and_then(Value::as_object_mut);
        parent.expect("it is an object").remove(&place.member.name);
        let expected = if place.member.required {
            Err((place.pointer(), EntryErrorKind::Missing))
        } else {
            Ok(())
        };
        assert_eq!(outcome(&entry.to_string()), expected, "{} out of {full}", place.pointer());
        removed += 1;
    });
    assert!(removed > 100, "only {removed} members were taken out");
}

#[test]
fn a_member_that_is_given_twice_is_named_by_both_names() {
    let mut doubled = 0;
    events(|full, place| {
        let name = &place.member.name;
        for again in std::iter::once(name).chain(&place.member.aliases) {
            let mut entry = full.clone();
            let value = entry.pointer(&place.pointer()).expect("the member is there").clone();
            let parent = entry.pointer_mut(&place.parent).and_then(Value::as_object_mut);
            parent.expect("it is an object").insert("@again".to_owned(), value);
            let text = entry.to_string().replace(r#""@again""#, &json!(again).to_string());
            let (pointer, kind) = outcome(&text).expect_err("the member is given twice");
            assert_eq!(pointer, place.pointer(), "{text}");
            if again == name {
                assert_eq!(kind, EntryErrorKind::Duplicate, "{text}");
            } else {
                let names = match kind {
                    EntryErrorKind::DuplicateAlias { names } => names,
                    other => panic!("{other:?}: {text}"),
                };
                // "@again" sorts before the name.
                assert_eq!(names, [again, name], "{text}");
            }
            doubled += 1;
        }
    });
    assert!(doubled > 100, "only {doubled} members were given twice");
}

#[test]
fn a_time_beyond_the_range_is_no_wrong_type() {
    events(|full, place| {
        if place.member.name == "createdAt" {
            for time in [json!(-1), json!(1e300), json!(u64::MAX)] {
                let mut entry = full.clone();
                entry["createdAt"] = time;
                let expected = ("/createdAt".to_owned(), EntryErrorKind::TimestampOutOfRange);
                assert_eq!(outcome(&entry.to_string()), Err(expected), "{entry}");
            }
        }
    });
}

/// The crate words the message itself, independently of serde_json.
#[test]
fn the_message_names_both_spellings_and_no_value() {
    let entry = r#"{"id":"e","spektrId":"s","type":"process_run_end","createdAt":1,"processName":"secret","process_name":"n","process_output":"o","files":{"clientFiles":[]},"fields":[],"data":{}}"#;
    let error = Entry::from_json(entry).expect("valid JSON").decode().expect_err("malformed");
    assert_eq!(
        error.to_string(),
        "malformed entry: /process_name is given twice: as `processName` and `process_name`"
    );
}
