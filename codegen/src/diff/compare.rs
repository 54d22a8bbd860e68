//! Compares two models. Each part of the model is destructured without
//! `..`, so that a new field is a compile error here until it is compared.

use std::collections::BTreeSet;

use crate::diff::{Impact, SchemaChange};
use crate::model::{
    CommonFile, Decision, Event, EventStatus, KnownValue, Member, Model, Source, Ty, TypeDef,
    TypeKind, WireTypes,
};
use crate::set::SchemaSet;

/// Returns all changes, in the order in which they are found.
pub(super) fn run(old: &SchemaSet, new: &SchemaSet) -> Vec<SchemaChange> {
    let mut changes = ChangeList(Vec::new());
    changes.model(old.model(), new.model());
    changes.0
}

/// The effect of a change on users, from the least to the worst.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Effect {
    Texts,
    Adds,
    /// An entry that decoded may become malformed, or another event.
    Stricter,
    /// Documented entries decode to another value, or fail to decode. Code compiles.
    BreaksData,
    /// A public item is removed or has another type.
    BreaksCode,
}

/// The kind of names in a list. In a list of wire types, the first is the canonical one.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Names {
    WireTypes,
    Aliases,
    KnownValues,
}

struct ChangeList(Vec<SchemaChange>);

impl ChangeList {
    fn add(&mut self, effect: Effect, subject: &str, member: &str, what: impl Into<String>) {
        let impact = match effect {
            Effect::Texts => Impact::Documentation,
            Effect::Adds => Impact::Additive,
            Effect::Stricter => Impact::Stricter,
            Effect::BreaksData | Effect::BreaksCode => Impact::Breaking,
        };
        self.0.push(SchemaChange {
            impact,
            breaks_code: effect == Effect::BreaksCode,
            subject: subject.to_owned(),
            member: member.to_owned(),
            what: what.into(),
        });
    }

    /// Compares title, description, source and decisions of a file in `common/`.
    fn common(&mut self, old: &CommonFile, new: &CommonFile, is_type: bool) {
        let CommonFile { file: _, title, description, source, decisions } = old;
        // `type_def` compares the description of a type.
        let described = |text: &String| if is_type { String::new() } else { text.clone() };
        let was = (&described(description), Some(source));
        self.texts(title, "", was, (&described(&new.description), Some(&new.source)));
        self.decisions(title, decisions, &new.decisions);
    }

    /// Compares the members of a shape that becomes no type: the other envelope and the batch. A
    /// change of theirs changes no public item.
    fn shape(&mut self, subject: &str, old: &[Member], new: &[Member]) {
        let before = self.0.len();
        self.members(subject, old, new);
        for change in &mut self.0[before..] {
            change.breaks_code = false;
        }
    }

    fn model(&mut self, old: &Model, new: &Model) {
        let Model { envelope, other_envelope, batch, events, types, common } = old;
        for file in common {
            if let Some(now) = new.common.iter().find(|now| now.file == file.file) {
                self.common(file, now, types.contains_key(&file.title));
            }
        }
        self.members("every event", envelope, &new.envelope);
        self.shape("the envelope with eventType", other_envelope, &new.other_envelope);
        self.shape("the batch", batch, &new.batch);
        for event in events {
            match new.event(&event.name) {
                Some(now) => self.event(event, now),
                None => self.add(Effect::BreaksCode, &event.name, "", "event removed"),
            }
        }
        for event in new.events.iter().filter(|event| old.event(&event.name).is_none()) {
            // The event used to be kept as unknown; now it is decoded, and can be malformed.
            self.add(Effect::Stricter, &event.name, "", "event added");
        }
        for (name, def) in types {
            match new.types.get(name) {
                Some(now) => self.type_def(def, now),
                None => self.add(Effect::BreaksCode, name, "", "type removed"),
            }
        }
        for name in new.types.keys().filter(|name| !types.contains_key(*name)) {
            self.add(Effect::Adds, name, "", "type added");
        }
    }

    fn event(&mut self, old: &Event, new: &Event) {
        let Event {
            // `file` and `module` follow from the name, by which the two events were matched.
            file: _,
            module: _,
            name,
            title,
            status,
            description,
            wire_types,
            discriminators,
            members,
            source,
            decisions,
        } = old;
        if *title != new.title {
            let what = format!("type renamed from {title} to {}", new.title);
            self.add(Effect::BreaksCode, name, "", what);
        }
        if *status != new.status {
            // The deprecation of a variant gives users a compiler warning; its end removes the
            // warning.
            let is_deprecated =
                *status == EventStatus::Deprecated || new.status == EventStatus::Deprecated;
            let effect = if is_deprecated { Effect::Adds } else { Effect::Texts };
            let what =
                format!("status changed from {} to {}", status.as_str(), new.status.as_str());
            self.add(effect, name, "", what);
        }
        let all = |wire_types: &WireTypes| wire_types.iter().cloned().collect::<Vec<_>>();
        self.names(name, "", Names::WireTypes, &all(wire_types), &all(&new.wire_types));
        let sorted = |pointers: &[String]| pointers.iter().cloned().collect::<BTreeSet<_>>();
        if sorted(discriminators) != sorted(&new.discriminators) {
            self.add(Effect::BreaksData, name, "", "discriminators changed");
        }
        self.members(name, members, &new.members);
        self.texts(name, "", (description, Some(source)), (&new.description, Some(&new.source)));
        self.decisions(name, decisions, &new.decisions);
    }

    fn decisions(&mut self, subject: &str, old: &[Decision], new: &[Decision]) {
        let find = |list: &[Decision], id: &str| list.iter().find(|it| it.id == id).cloned();
        for decision in old {
            // The comparison covers every field.
            let what = match find(new, &decision.id) {
                None => "removed",
                Some(now) if now != *decision => "changed",
                Some(_) => continue,
            };
            self.add(Effect::Texts, subject, "", format!("decision {} {what}", decision.id));
        }
        for decision in new.iter().filter(|decision| find(old, &decision.id).is_none()) {
            self.add(Effect::Texts, subject, "", format!("decision {} added", decision.id));
        }
    }

    fn type_def(&mut self, old: &TypeDef, new: &TypeDef) {
        let TypeDef { name, file, pointer, description, kind } = old;
        match (kind, &new.kind) {
            (TypeKind::Object(old), TypeKind::Object(new)) => self.members(name, old, new),
            (TypeKind::OpenEnum(old), TypeKind::OpenEnum(new)) => self.known_values(name, old, new),
            // An id has all methods of a URL, so code compiles; but a redacted value would then be
            // logged.
            (TypeKind::Url, TypeKind::Id) => {
                self.add(Effect::BreaksData, name, "", "is an id and no longer a URL");
            }
            (old, new) if old != new => {
                self.add(Effect::BreaksCode, name, "", "became another kind of type");
            }
            _ => {}
        }
        self.texts(name, "", (description, None), (&new.description, None));
        if (file, pointer) != (&new.file, &new.pointer) {
            // Every type has the same path in Rust, wherever the schema defines it.
            self.add(Effect::Texts, name, "", "defined in another place");
        }
    }

    fn known_values(&mut self, subject: &str, old: &[KnownValue], new: &[KnownValue]) {
        let values = |known: &[KnownValue]| -> Vec<String> {
            known.iter().map(|known| known.value.clone()).collect()
        };
        self.names(subject, "", Names::KnownValues, &values(old), &values(new));
        for KnownValue { value, description } in old {
            let now = new.iter().find(|known| known.value == *value);
            if now.is_some_and(|now| now.description != *description) {
                self.add(Effect::Texts, subject, "", format!("description of {value} changed"));
            }
        }
    }

    fn names(&mut self, subject: &str, member: &str, kind: Names, old: &[String], new: &[String]) {
        let (one, many, added, removed) = match kind {
            Names::WireTypes => ("wire type", "wire types", Effect::Stricter, Effect::BreaksData),
            // An unknown member is ignored, whereas the value of a known one must have its type.
            Names::Aliases => ("alias", "aliases", Effect::Stricter, Effect::BreaksData),
            Names::KnownValues => ("known value", "known values", Effect::Adds, Effect::BreaksCode),
        };
        let mut order_counts = true;
        if let (Names::WireTypes, Some(was), Some(now)) = (kind, old.first(), new.first())
            && was != now
        {
            order_counts = false;
            let what = format!("canonical wire type changed from {was} to {now}");
            self.add(Effect::BreaksData, subject, member, what);
        }
        for name in new.iter().filter(|name| !old.contains(name)) {
            self.add(added, subject, member, format!("{one} {name} added"));
        }
        for name in old.iter().filter(|name| !new.contains(name)) {
            self.add(removed, subject, member, format!("{one} {name} removed"));
        }
        if order_counts && common(old, new) != common(new, old) {
            self.add(Effect::Texts, subject, member, format!("order of {many} changed"));
        }
    }

    fn members(&mut self, subject: &str, old: &[Member], new: &[Member]) {
        let find = |members: &[Member], name: &str| {
            members.iter().find(|member| member.name == name).cloned()
        };
        for member in old {
            match find(new, &member.name) {
                Some(now) => self.member(subject, member, &now),
                None => self.add(Effect::BreaksCode, subject, &member.name, "member removed"),
            }
        }
        for member in new.iter().filter(|member| find(old, &member.name).is_none()) {
            let (effect, word) = if member.required {
                // Documented entries without this member decoded before.
                (Effect::BreaksData, "required")
            } else {
                // Such a member may have arrived before, with another type.
                (Effect::Stricter, "optional")
            };
            self.add(effect, subject, &member.name, format!("member added: {word}, {}", member.ty));
        }
        let names = |members: &[Member]| -> Vec<String> {
            members.iter().map(|member| member.name.clone()).collect()
        };
        let (old, new) = (names(old), names(new));
        if common(&old, &new) != common(&new, &old) {
            self.add(Effect::Texts, subject, "", "order of members changed");
        }
    }

    fn member(&mut self, subject: &str, old: &Member, new: &Member) {
        let Member {
            name,
            // The place of the declaration has no effect on users.
            pointer: _,
            description,
            required,
            ty,
            sensitive,
            keeps_raw,
            aliases,
            valid_for_seconds,
            source,
        } = old;
        // The raw payload of an event is no public field: code reads it by `raw_data`, and
        // `x-keeps-raw` keeps that method.
        let is_typed_now = *ty == Ty::Raw && new.keeps_raw;
        if is_typed_now {
            let what = format!("payload typed as {}; its JSON stays at hand", new.ty);
            self.add(Effect::Stricter, subject, name, what);
        } else if *ty != new.ty {
            let what = format!("type changed from {ty} to {}", new.ty);
            self.add(Effect::BreaksCode, subject, name, what);
        }
        match (keeps_raw, new.keeps_raw) {
            (true, false) => {
                self.add(Effect::BreaksCode, subject, name, "its JSON is no longer at hand");
            }
            (false, true) if !is_typed_now => {
                self.add(Effect::BreaksCode, subject, name, "its JSON is kept beside the value");
            }
            _ => {}
        }
        match (required, new.required) {
            _ if is_typed_now => {}
            (true, false) => self.add(Effect::BreaksCode, subject, name, "became optional"),
            (false, true) => self.add(Effect::BreaksCode, subject, name, "became required"),
            _ => {}
        }
        self.names(subject, name, Names::Aliases, aliases, &new.aliases);
        match (sensitive, new.sensitive) {
            (false, true) => self.add(Effect::Adds, subject, name, "became sensitive"),
            // A member that was redacted would then be logged.
            (true, false) => self.add(Effect::BreaksData, subject, name, "is no longer sensitive"),
            _ => {}
        }
        match (valid_for_seconds, new.valid_for_seconds) {
            (None, Some(_)) => self.add(Effect::Adds, subject, name, "got an expiry"),
            (Some(_), None) => self.add(Effect::BreaksCode, subject, name, "lost its expiry"),
            (Some(was), Some(now)) if *was != now => {
                let what = format!("expires after {now} seconds instead of {was}");
                self.add(Effect::BreaksData, subject, name, what);
            }
            _ => {}
        }
        let now = (&new.description, new.source.as_ref());
        self.texts(subject, name, (description, source.as_ref()), now);
    }

    fn texts(
        &mut self,
        subject: &str,
        member: &str,
        old: (&String, Option<&Source>),
        new: (&String, Option<&Source>),
    ) {
        // The comparison covers every field of the source.
        if old != new {
            self.add(Effect::Texts, subject, member, "description or source changed");
        }
    }
}

/// Returns the names of the first list that are also in the second, in the first list's order.
fn common<'a>(names: &'a [String], others: &[String]) -> Vec<&'a String> {
    names.iter().filter(|name| others.contains(name)).collect()
}
