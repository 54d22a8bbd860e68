//! Makes a raw payload a private field, since a later schema may type it;
//! keeps the raw JSON of a payload that was typed after it had been raw.

use syn::{Visibility, parse_quote};

use crate::envelope;
use crate::model::Ty;
use crate::passes::{StructDraft, optional};

/// The member that holds an event's payload.
pub(crate) const PAYLOAD: &str = envelope::DATA.name;

pub(super) fn run(made: &mut StructDraft<'_>) {
    for (field, member) in made.fields.iter_mut().filter(|(_, member)| member.name == PAYLOAD) {
        if member.ty == Ty::Raw {
            field.vis = Visibility::Inherited;
        }
        if member.keeps_raw {
            let ty = &field.ty;
            field.ty = match optional(ty) {
                Some(inner) => parse_quote!(Option<WithRaw<#inner>>),
                None => parse_quote!(WithRaw<#ty>),
            };
        }
    }
}
