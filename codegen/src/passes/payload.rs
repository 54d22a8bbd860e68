//! Keeps a payload that may be typed one day from being a public field of raw JSON,
//! and keeps the raw JSON of one that has been typed since.

use syn::{Visibility, parse_quote};

use crate::envelope;
use crate::model::Ty;
use crate::passes::{Made, optional};

/// The member that holds an event's payload.
pub(crate) const PAYLOAD: &str = envelope::DATA.name;

pub(super) fn run(made: &mut Made<'_>) {
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
