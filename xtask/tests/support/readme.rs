//! Reads the recipes of `schema/README.md`: commands and edits in their order, and
//! the expected output of `schema diff`.

use std::path::Path;

use super::Copy;

const README: &str = include_str!("../../../schema/README.md");

/// One recipe.
#[derive(Debug)]
pub(crate) struct Recipe {
    /// The recipe's heading.
    pub(crate) name: &'static str,
    /// The steps that a maintainer follows.
    pub(crate) steps: Vec<Step>,
    /// The expected output of `schema diff` without the counts; empty if the README shows none.
    pub(crate) said: &'static str,
}

/// A step of a recipe.
#[derive(Debug)]
pub(crate) enum Step {
    /// Commands for a shell.
    Run(&'static str),
    /// Edits of files, as a diff without line numbers.
    Edit(&'static str),
}

/// Returns the recipes in their order.
pub(crate) fn recipes() -> Vec<Recipe> {
    let (_, text) = README.split_once("\n## Recipes\n").expect("the README has recipes");
    let text = text.split_once("\n## ").map_or(text, |(recipes, _)| recipes);
    text.split("\n### ").skip(1).map(recipe).collect()
}

fn recipe(text: &'static str) -> Recipe {
    let (name, mut rest) = text.split_once('\n').expect("a text follows the heading");
    let mut recipe = Recipe { name, steps: Vec::new(), said: "" };
    while let Some((_, block)) = rest.split_once("\n```") {
        let (language, block) = block.split_once('\n').expect("a block has lines");
        let (block, after) = block.split_once("```").expect("a block has an end");
        match language {
            "sh" => recipe.steps.push(Step::Run(block)),
            "diff" => recipe.steps.push(Step::Edit(block)),
            "text" => recipe.said = block,
            other => panic!("{name}: no block of a recipe is in `{other}`"),
        }
        rest = after;
    }
    recipe
}

impl Recipe {
    /// Follows the recipe in a copy of the workspace.
    pub(crate) fn follow(&self, copy: &Copy) {
        for step in &self.steps {
            match step {
                Step::Run(script) => copy.run(&copy.names(script)),
                Step::Edit(diff) => edit(copy, &copy.names(diff)),
            }
        }
    }
}

/// Applies a diff: `---` names a file, and `@@` separates two places in the file.
fn edit(copy: &Copy, diff: &str) {
    let mut file = None;
    let (mut old, mut new) = (String::new(), String::new());
    let edit = |file: Option<&str>, old: &mut String, new: &mut String| {
        if !old.is_empty() || !new.is_empty() {
            copy.edit(file.expect("`---` and the file come first"), old, new);
        }
        old.clear();
        new.clear();
    };
    for line in diff.lines() {
        if let Some(next) = line.strip_prefix("--- ") {
            edit(file, &mut old, &mut new);
            assert!(!Path::new(next).is_absolute(), "{next} is below the workspace");
            file = Some(next);
        } else if line == "@@" {
            edit(file, &mut old, &mut new);
        } else {
            let text = line.get(1..).unwrap_or_default();
            match line.chars().next() {
                Some(' ') => {
                    old += &format!("{text}\n");
                    new += &format!("{text}\n");
                }
                Some('-') => old += &format!("{text}\n"),
                Some('+') => new += &format!("{text}\n"),
                _ => panic!("a line of a diff starts with a space, `-` or `+`: {line:?}"),
            }
        }
    }
    edit(file, &mut old, &mut new);
}
