//! Checks across schema files: names, wire types, discriminators, and types that contain each
//! other.

use std::collections::{BTreeMap, BTreeSet};

use crate::model::{Event, Member, Model, Ty, TypeDef, TypeKind};
use crate::names;
use crate::passes::PAYLOAD;
use crate::problem::{Named, Problem, ProblemKind, RequiredFile};
use crate::{discriminators, emit};

/// Names that the hand-written code of the generated crate uses, besides the names that generated
/// files import.
const RESERVED: [&str; 19] = [
    "A",
    "BodyError",
    "CanonicalEntry",
    "CanonicalMember",
    "D",
    "Entries",
    "Entry",
    "EntryError",
    "EntryErrorKind",
    "EnvelopeKey",
    "EnvelopeMember",
    "Event",
    "EventStatusError",
    "JsonType",
    "Key",
    "Members",
    "Router",
    "S",
    "TimestampError",
];

/// Names of Rust's prelude. A generated type with such a name would shadow the prelude's item.
const PRELUDE: [&str; 45] = [
    "AsMut",
    "AsRef",
    "AsyncFn",
    "AsyncFnMut",
    "AsyncFnOnce",
    "Box",
    "Clone",
    "Copy",
    "Debug",
    "Default",
    "DoubleEndedIterator",
    "Drop",
    "Eq",
    "Err",
    "ExactSizeIterator",
    "Extend",
    "Fn",
    "FnMut",
    "FnOnce",
    "From",
    "FromIterator",
    "Future",
    "Hash",
    "Into",
    "IntoFuture",
    "IntoIterator",
    "Iterator",
    "None",
    "Ok",
    "Option",
    "Ord",
    "PartialEq",
    "PartialOrd",
    "Result",
    "Send",
    "Sized",
    "Some",
    "String",
    "Sync",
    "ToOwned",
    "ToString",
    "TryFrom",
    "TryInto",
    "Unpin",
    "Vec",
];

/// The wire name that becomes the field `wire_type`, which holds an event's tag.
const TAG: &str = "wireType";

/// Runs every check that needs more than one file, or more than one place in a file.
pub(crate) fn run(model: &Model, problems: &mut Vec<Problem>) {
    envelopes(model, problems);
    members(model, problems);
    wire_types(model, problems);
    unused_discriminators(model, problems);
    cycles(model, problems);
    kept(model, problems);
    // `expiring` recurses into the members of types, so it runs only once `cycles` has found no
    // cycle.
    if problems.is_empty() {
        expiring(model, problems);
    }
}

/// Checks that each type has a unique name, and that no name belongs to the generated crate's own
/// code. `others` holds the title and file of each schema file that becomes no type, such as an
/// envelope.
pub(crate) fn type_names(
    others: &[(String, String)],
    events: &[Event],
    types: &[TypeDef],
    problems: &mut Vec<Problem>,
) {
    let others = others.iter().map(|(title, file)| (title, file, "/title".to_owned()));
    let events = events.iter().map(|event| (&event.title, &event.file, "/title".to_owned()));
    let types = types.iter().map(|def| (&def.name, &def.file, format!("{}/title", def.pointer)));
    let mut seen: BTreeMap<&str, String> = BTreeMap::new();
    for (name, file, pointer) in others.chain(events).chain(types) {
        let mut report = |kind| problems.push(Problem::new(file, &pointer, kind));
        if !names::is_title(name) {
            report(ProblemKind::NotAnIdentifier { named: Named::Type, name: name.clone() });
        }
        if is_reserved(name) {
            report(ProblemKind::ReservedName(name.clone()));
        }
        if let Some(other) = seen.insert(name, format!("{file}#{pointer}")) {
            report(ProblemKind::Duplicate { named: Named::Type, name: name.clone(), other });
        }
    }
}

fn is_reserved(name: &str) -> bool {
    // The schemas define these two types, and their code is written by hand.
    let is_own = ["Timestamp", "Delivered"].contains(&name);
    let is_taken = RESERVED.contains(&name) || PRELUDE.contains(&name);
    !is_own && (is_taken || emit::is_imported(name))
}

/// Checks that no member of an event has a name of the envelopes, and that each discriminator leads
/// to a member.
fn members(model: &Model, problems: &mut Vec<Problem>) {
    let taken = taken(model);
    for event in &model.events {
        let place = |pointer: &str, kind| Problem::new(&event.file, pointer, kind);
        for member in &event.members {
            for (named, name, pointer) in member.names() {
                // An event may define the payload itself, under every name that the envelope gives
                // the payload.
                let is_payload = |of: &Member| of.name == PAYLOAD && member.name == PAYLOAD;
                let taken = taken.iter().find(|(other, _, of)| {
                    names::is_same_field(name, other) && !of.is_some_and(is_payload)
                });
                if let Some((_, other, _)) = taken {
                    let (name, other) = (name.to_owned(), other.clone());
                    problems.push(place(&pointer, ProblemKind::Duplicate { named, name, other }));
                }
            }
        }
        for (index, pointer) in event.discriminators.iter().enumerate() {
            if discriminators::paths(model, event, pointer).is_empty() {
                let kind = ProblemKind::DanglingPointer {
                    what: "the discriminator",
                    pointer: pointer.clone(),
                };
                problems.push(place(&format!("/x-event/discriminators/{index}"), kind));
            }
        }
    }
}

/// Returns the names that no member of an event may have, each with a description of its owner.
fn taken(model: &Model) -> Vec<(&str, String, Option<&Member>)> {
    let shapes = [
        (&model.envelope, "the envelope"),
        (&model.other_envelope, "the other envelope"),
        (&model.batch, "a batch"),
    ];
    let mut taken = vec![(TAG, "the field of the wire type".to_owned(), None)];
    for (members, shape) in shapes {
        for member in members {
            let whose = format!("`{}` of {shape}", member.name);
            taken.extend(member.all_names().map(|name| (name, whose.clone(), Some(member))));
        }
    }
    taken
}

/// Checks that the envelopes agree on their common members, and that no other two members of
/// envelopes and batch share a name: splitting looks up the members of all three shapes by name.
fn envelopes(model: &Model, problems: &mut Vec<Problem>) {
    let shapes = [
        (RequiredFile::TypeEnvelope, &model.envelope, "the envelope"),
        (RequiredFile::EventTypeEnvelope, &model.other_envelope, "the other envelope"),
        (RequiredFile::Batch, &model.batch, "a batch"),
    ];
    let mut seen: Vec<(&Member, &str)> = Vec::new();
    for (file, members, shape) in shapes {
        let mut report =
            |pointer: String, kind| problems.push(Problem::new(file.path(), pointer, kind));
        for member in members {
            let is_same = |other: &&(&Member, &str)| other.0.name == member.name;
            if let Some((same, _)) = seen.iter().find(is_same) {
                let differs = (&same.ty, same.required, &same.aliases)
                    != (&member.ty, member.required, &member.aliases);
                if differs {
                    let kind = ProblemKind::EnvelopesDiffer(member.name.clone());
                    report(member.pointer.clone(), kind);
                }
                continue;
            }
            for (named, name, pointer) in member.names() {
                let has_it = |other: &&Member| other.names().any(|(_, other, _)| other == name);
                if let Some((other, of)) = seen.iter().find(|(other, _)| has_it(other)) {
                    let (name, other) = (name.to_owned(), format!("`{}` of {of}", other.name));
                    report(pointer, ProblemKind::Duplicate { named, name, other });
                }
            }
        }
        seen.extend(members.iter().map(|member| (member, shape)));
    }
}

/// Checks that each wire type means one event, or that discriminators tell its candidates apart.
fn wire_types(model: &Model, problems: &mut Vec<Problem>) {
    for (index, event) in model.events.iter().enumerate() {
        for (place, wire_type) in event.wire_types.iter().enumerate() {
            let mut report = |kind| {
                let pointer = format!("/properties/type/enum/{place}");
                problems.push(Problem::new(&event.file, pointer, kind));
            };
            // Without a discriminator the wire type selects the event that lists it first,
            // so exactly one candidate may do so.
            let is_canonical =
                |event: &&Event| event.wire_types.canonical.eq_ignore_ascii_case(wire_type);
            let owners = model.events.iter().filter(is_canonical).count();
            let duplicate = |other: &str| ProblemKind::Duplicate {
                named: Named::WireType,
                name: wire_type.clone(),
                other: other.to_owned(),
            };
            let mut before = event.wire_types.iter().take(place);
            if before.any(|other| other.eq_ignore_ascii_case(wire_type)) {
                report(duplicate("the same event"));
            }
            for other in &model.events[..index] {
                if !other.wire_types.iter().any(|name| name.eq_ignore_ascii_case(wire_type)) {
                    continue;
                }
                if let Some(discriminator) = shared(model, event, other) {
                    report(ProblemKind::OverlappingDiscriminators {
                        wire_type: wire_type.clone(),
                        other: other.file.clone(),
                        discriminator: discriminator.clone(),
                    });
                } else if owners != 1
                    || event.discriminators.is_empty()
                    || other.discriminators.is_empty()
                {
                    report(duplicate(&other.file));
                }
            }
        }
    }
}

/// Finds a discriminator of one of the two events that the other event may also have.
fn shared<'m>(model: &'m Model, one: &'m Event, other: &'m Event) -> Option<&'m String> {
    let of = |event: &'m Event, other: &'m Event| {
        event.discriminators.iter().find(|pointer| {
            let paths = discriminators::paths(model, event, pointer);
            paths.iter().any(|path| discriminators::can_have(model, other, path))
        })
    };
    of(one, other).or_else(|| of(other, one))
}

/// Checks that an event with discriminators shares a wire type with another event.
fn unused_discriminators(model: &Model, problems: &mut Vec<Problem>) {
    for event in model.events.iter().filter(|event| !event.discriminators.is_empty()) {
        let mut others = model.events.iter().filter(|other| other.file != event.file);
        let is_shared = others.any(|other| {
            let is_same = |name: &String| {
                event.wire_types.iter().any(|wire_type| wire_type.eq_ignore_ascii_case(name))
            };
            other.wire_types.iter().any(is_same)
        });
        if !is_shared {
            let kind = ProblemKind::UnusedDiscriminators;
            problems.push(Problem::new(&event.file, "/x-event/discriminators", kind));
        }
    }
}

/// Checks that `x-keeps-raw` is on the payload of an event only: no other member was raw before it
/// was typed.
fn kept(model: &Model, problems: &mut Vec<Problem>) {
    let is_object = |member: &Member| matches!(model.kind(&member.ty), Some(TypeKind::Object(_)));
    let events = model.events.iter().map(|event| (&event.file, &event.members, true));
    let types = model.types.values().filter_map(|def| match &def.kind {
        TypeKind::Object(members) => Some((&def.file, members, false)),
        _ => None,
    });
    for (file, members, is_event) in events.chain(types) {
        for member in members.iter().filter(|member| member.keeps_raw) {
            if !(is_event && member.name == PAYLOAD && is_object(member)) {
                let kind = ProblemKind::Keyword("x-keeps-raw".to_owned());
                problems.push(Problem::new(file, format!("{}/x-keeps-raw", member.pointer), kind));
            }
        }
    }
}

/// Checks that no two expiring members of an event have the same name: the generated methods are
/// named after them.
fn expiring(model: &Model, problems: &mut Vec<Problem>) {
    for event in &model.events {
        let mut names = BTreeSet::new();
        for (member, _) in emit::expiring(model, &event.members) {
            if !names.insert(names::field(&member.name)) {
                let kind = ProblemKind::Duplicate {
                    named: Named::ExpiringMember,
                    name: member.name.clone(),
                    other: "another expiring member of this event".into(),
                };
                problems.push(Problem::new(&event.file, "", kind));
            }
        }
    }
}

/// Checks that no type contains itself, except through a list.
fn cycles(model: &Model, problems: &mut Vec<Problem>) {
    for def in model.types.values() {
        let mut seen = BTreeSet::new();
        let mut next = vec![&def.name];
        while let Some(name) = next.pop() {
            for child in direct_children(model, name) {
                if *child == def.name {
                    let kind = ProblemKind::Cycle(name.clone());
                    problems.push(Problem::new(&def.file, &def.pointer, kind));
                } else if seen.insert(child) {
                    next.push(child);
                }
            }
        }
    }
}

/// Returns the types that a value of the named type contains without a list in between.
fn direct_children<'m>(model: &'m Model, name: &str) -> impl Iterator<Item = &'m String> {
    let members = match model.types.get(name).map(|def| &def.kind) {
        Some(TypeKind::Object(members)) => &members[..],
        _ => &[],
    };
    members.iter().filter_map(|member| match &member.ty {
        Ty::Named(name) => Some(name),
        _ => None,
    })
}
