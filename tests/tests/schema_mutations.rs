//! Compares the output of `cargo xtask schema diff` for a change with the code that is generated
//! before and after it.

use spektr_codegen::diff::{Impact, diff};
use spektr_tests::mutations::states;

/// Compares each state with each other one, in both directions.
#[test]
fn what_the_diff_says_of_code_is_true_of_the_generated_code() {
    let states = states();
    let (mut compared, mut breaking, mut compatible) = (0, 0, 0);
    let mut wrong = Vec::new();
    for old in &states {
        for new in &states {
            let changes = diff(&old.set, &new.set);
            let says = changes.iter().any(|change| change.breaks_code);
            let gone: Vec<_> = old.api.difference(&new.api).collect();
            if says == gone.is_empty() {
                let lines: Vec<_> = changes.iter().map(ToString::to_string).collect();
                wrong.push(format!("{} -> {}: gone {gone:?}, said {lines:?}", old.name, new.name));
            }
            // The comparison is complete: there is no difference of the code without a reported
            // change.
            if changes.is_empty() && old.files != new.files {
                wrong.push(format!("{} -> {}: other code, and no change", old.name, new.name));
            }
            let least = changes.iter().map(|change| change.impact).max();
            let is_text = least.is_none_or(|impact| impact == Impact::Documentation);
            if is_text && old.api != new.api {
                wrong.push(format!("{} -> {}: other items, said texts", old.name, new.name));
            }
            compared += 1;
            if says { breaking += 1 } else { compatible += 1 }
        }
    }
    assert!(wrong.is_empty(), "{} of {compared}:\n{}", wrong.len(), wrong.join("\n"));
    assert!(
        breaking >= 200 && compatible >= 100,
        "{breaking} breaking and {compatible} compatible changes are too few to say anything"
    );
}
