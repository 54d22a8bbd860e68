//! Finds the places of an event's members in its full example.

use spektr_json::{Json, pointer};

use crate::envelope::WIRE_TYPE;
use crate::model::{Event, Member, Model, Ty, TypeKind};
use crate::names;
use crate::passes::PAYLOAD;

/// A member, or an element of a list, at one place in the full example.
pub(super) struct ExamplePlace<'m> {
    pub(super) what: PlacedModel<'m>,
    /// The place in words, for the name of a case, as `fields_children_key`.
    pub(super) name: String,
    /// The place as tokens of a JSON pointer, unescaped.
    pub(super) tokens: Vec<String>,
}

/// The model of the value at a place.
#[derive(Clone, Copy)]
pub(super) enum PlacedModel<'m> {
    Member(&'m Member),
    Element(&'m Ty),
}

impl ExamplePlace<'_> {
    pub(super) fn pointer(&self) -> String {
        self.tokens.iter().fold(String::new(), |at, token| pointer::join(&at, token))
    }

    pub(super) fn ty(&self) -> &Ty {
        match self.what {
            PlacedModel::Member(member) => &member.ty,
            PlacedModel::Element(ty) => ty,
        }
    }

    /// Tells whether the value must be present.
    pub(super) fn is_required(&self) -> bool {
        match self.what {
            PlacedModel::Member(member) => member.required,
            PlacedModel::Element(_) => true,
        }
    }
}

/// A step from a value to a value inside it.
#[derive(Clone, PartialEq)]
enum PlaceStep<'m> {
    Member(&'m str),
    Element,
}

/// Finds the places of all members of an event except its wire type, in the
/// order of the schema. Also returns members that the full example lacks, as
/// pointers with `*` for an element of a list.
pub(super) fn find<'m>(
    model: &'m Model,
    event: &'m Event,
    full: &Json,
) -> (Vec<ExamplePlace<'m>>, Vec<String>) {
    let mut walk = MemberWalk { model, found: Vec::new(), open: Vec::new() };
    let envelope = model.envelope.iter().filter(|member| member.name != WIRE_TYPE.name);
    walk.members(envelope.chain(&event.members), &[]);
    let names = names(&walk.found);
    let (mut places, mut lacking) = (Vec::new(), Vec::new());
    for ((steps, what), name) in walk.found.into_iter().zip(names) {
        match resolve(full, &steps) {
            Some(tokens) => places.push(ExamplePlace { what, name, tokens }),
            None => lacking.push(steps.iter().fold(String::new(), |at, step| match step {
                PlaceStep::Member(name) => pointer::join(&at, name),
                PlaceStep::Element => at + "/*",
            })),
        }
    }
    (places, lacking)
}

/// Returns a unique name for each place: its words joined by `_`. If two places would share a name
/// (`a_b/c` and `a/b_c`), both are joined by `__`, which occurs in no word.
fn names(found: &[(Vec<PlaceStep<'_>>, PlacedModel<'_>)]) -> Vec<String> {
    let all: Vec<Vec<String>> = found.iter().map(|(steps, _)| words(steps)).collect();
    // Drops the word `data` from a name such as `data_user_id`, unless another place has the short
    // name.
    let short = |words: &Vec<String>| match &words[..] {
        [first, rest @ ..] if first == PAYLOAD && !rest.is_empty() => {
            let is_taken = all.iter().any(|other| other == rest);
            if is_taken { words.clone() } else { rest.to_vec() }
        }
        _ => words.clone(),
    };
    let all: Vec<_> = all.iter().map(short).collect();
    let joined: Vec<_> = all.iter().map(|words| words.join("_")).collect();
    let is_shared = |name: &String| joined.iter().filter(|other| *other == name).count() > 1;
    let names = all.iter().zip(&joined);
    names
        .map(|(words, name)| if is_shared(name) { words.join("__") } else { name.clone() })
        .collect()
}

/// Returns the words for a place. An element adds a word only if no member follows it.
fn words(steps: &[PlaceStep<'_>]) -> Vec<String> {
    let members =
        steps.iter().rposition(|step| *step != PlaceStep::Element).map_or(0, |last| last + 1);
    let words = steps.iter().enumerate().filter_map(|(at, step)| match step {
        PlaceStep::Member(name) => Some(names::words(name)),
        PlaceStep::Element => (at >= members).then(|| "element".to_owned()),
    });
    words.collect()
}

struct MemberWalk<'m> {
    model: &'m Model,
    found: Vec<(Vec<PlaceStep<'m>>, PlacedModel<'m>)>,
    /// Types on the current path: a type that contains itself is entered once.
    open: Vec<&'m str>,
}

impl<'m> MemberWalk<'m> {
    fn members(&mut self, members: impl Iterator<Item = &'m Member>, at: &[PlaceStep<'m>]) {
        for member in members {
            let here = [at, &[PlaceStep::Member(&member.name)]].concat();
            self.found.push((here.clone(), PlacedModel::Member(member)));
            self.below(&member.ty, &here);
        }
    }

    fn below(&mut self, ty: &'m Ty, at: &[PlaceStep<'m>]) {
        match ty {
            Ty::Array(items) => {
                let here = [at, &[PlaceStep::Element]].concat();
                self.found.push((here.clone(), PlacedModel::Element(items)));
                self.below(items, &here);
            }
            Ty::Named(name) if !self.open.contains(&name.as_str()) => {
                let model = self.model;
                if let Some(TypeKind::Object(members)) = model.kind(ty) {
                    self.open.push(name);
                    self.members(members.iter(), at);
                    self.open.pop();
                }
            }
            _ => {}
        }
    }
}

/// Returns the first place in `json` that the steps match.
fn resolve(json: &Json, steps: &[PlaceStep<'_>]) -> Option<Vec<String>> {
    let Some((step, rest)) = steps.split_first() else {
        return Some(Vec::new());
    };
    let below = |token: &str, json| {
        resolve(json, rest).map(|rest| [&[token.to_owned()], &rest[..]].concat())
    };
    match step {
        PlaceStep::Member(name) => below(name, json.get(name)?),
        PlaceStep::Element => {
            json.elements().iter().enumerate().find_map(|(at, json)| below(&at.to_string(), json))
        }
    }
}
