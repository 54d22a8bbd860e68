//! There are no circles between the files of a crate: a reader of a file needs the files that it
//! uses, and never the files that use it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use spektr_tests::corpus;
use syn::visit::{Visit, visit_item_mod, visit_path};
use syn::{Attribute, Item, ItemMod, UseTree};

/// The folders of all sources of the workspace, generated ones aside.
const CRATES: [&str; 10] = [
    "codegen",
    "doc-reader",
    "site",
    "spektr-axum",
    "spektr-cli",
    "spektr-inbox",
    "spektr-json",
    "spektr-types",
    "spektr-verify",
    "xtask",
];

type Module = Vec<String>;

/// The paths that one file names, without those of its tests.
struct Paths<'m> {
    module: &'m Module,
    found: BTreeSet<Module>,
}

fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| {
        attribute.path().is_ident("cfg")
            && attribute.parse_args::<syn::Ident>().is_ok_and(|name| name == "test")
    })
}

impl Paths<'_> {
    /// Adds a path from the root of the crate, if it is one of this crate.
    fn add(&mut self, names: &[String]) {
        let mut names = names.iter();
        let mut path = match names.next().map(String::as_str) {
            Some("crate") => Module::new(),
            Some("self") => self.module.clone(),
            Some("super") => parent(self.module),
            _ => return,
        };
        for name in names {
            match name.as_str() {
                "super" => path = parent(&path),
                _ => path.push(name.clone()),
            }
        }
        self.found.insert(path);
    }

    fn add_tree(&mut self, before: &[String], tree: &UseTree) {
        let with = |name: &syn::Ident| [before, &[name.to_string()]].concat();
        match tree {
            UseTree::Path(path) => self.add_tree(&with(&path.ident), &path.tree),
            UseTree::Name(name) if name.ident == "self" => self.add(before),
            UseTree::Name(name) => self.add(&with(&name.ident)),
            UseTree::Rename(rename) => self.add(&with(&rename.ident)),
            UseTree::Group(group) => {
                group.items.iter().for_each(|tree| self.add_tree(before, tree))
            }
            _ => self.add(before),
        }
    }
}

impl<'ast> Visit<'ast> for Paths<'_> {
    fn visit_item_mod(&mut self, module: &'ast ItemMod) {
        if !is_for_tests(&module.attrs) {
            visit_item_mod(self, module);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        self.add_tree(&[], &item.tree);
    }

    fn visit_path(&mut self, path: &'ast syn::Path) {
        let names = path.segments.iter().map(|segment| segment.ident.to_string());
        self.add(&names.collect::<Vec<_>>());
        visit_path(self, path);
    }
}

fn parent(module: &Module) -> Module {
    module[..module.len().saturating_sub(1)].to_vec()
}

/// Returns the files of a folder of sources by the names of their modules.
fn files(root: &Path) -> BTreeMap<Module, PathBuf> {
    let mut files = BTreeMap::new();
    for path in corpus::files_below(root) {
        let module = path.strip_prefix(root).expect("it is below").with_extension("");
        let mut module: Module =
            module.iter().map(|name| name.to_str().expect("UTF-8").to_owned()).collect();
        if module.iter().any(|name| name == "generated" || name == "tests")
            || path.extension().is_none_or(|end| end != "rs")
        {
            continue;
        }
        if module.len() == 1 && (module[0] == "lib" || module[0] == "main") {
            module.clear();
        }
        files.insert(module, path);
    }
    files
}

/// Returns which modules each module uses. A module and what is below it are one thing to the
/// outside: a parent that hands out the items of its children is no circle.
fn uses(root: &Path) -> BTreeMap<Module, BTreeSet<Module>> {
    let all = files(root);
    all.iter()
        .map(|(module, path)| {
            let text = corpus::read(path);
            let mut paths = Paths { module, found: BTreeSet::new() };
            let file = syn::parse_file(&text).expect("Rust");
            file.items.iter().for_each(|item: &Item| paths.visit_item(item));
            let used = paths.found.iter().filter_map(|path| {
                (0..=path.len())
                    .rev()
                    .map(|end| path[..end].to_vec())
                    .find(|it| all.contains_key(it))
            });
            let is_apart = |used: &Module| !used.starts_with(module) && !module.starts_with(used);
            (module.clone(), used.filter(is_apart).collect())
        })
        .collect()
}

/// Returns a circle, if there is one.
fn circle(uses: &BTreeMap<Module, BTreeSet<Module>>) -> Option<Vec<String>> {
    let mut left = uses.clone();
    loop {
        let free: Vec<_> =
            left.iter().filter(|(_, used)| used.is_empty()).map(|(it, _)| it.clone()).collect();
        if free.is_empty() {
            break;
        }
        for module in free {
            left.remove(&module);
            left.values_mut().for_each(|used| _ = used.remove(&module));
        }
    }
    let mut way = vec![left.keys().next()?.clone()];
    loop {
        let next = left[way.last()?].first()?.clone();
        if let Some(at) = way.iter().position(|it| *it == next) {
            return Some(way[at..].iter().map(|module| module.join("::")).collect());
        }
        way.push(next);
    }
}

/// Joins each module at the top of the crate with all modules below it: a user of a
/// parent uses its children.
fn joined(uses: &BTreeMap<Module, BTreeSet<Module>>) -> BTreeMap<Module, BTreeSet<Module>> {
    let top = |module: &Module| module[..module.len().min(1)].to_vec();
    let mut joined = BTreeMap::<_, BTreeSet<_>>::new();
    for (module, used) in uses {
        let all = joined.entry(top(module)).or_default();
        all.extend(used.iter().map(top).filter(|used| *used != top(module)));
    }
    joined
}

#[test]
fn the_files_of_a_crate_use_each_other_in_one_direction() {
    for name in CRATES {
        let uses = uses(&corpus::workspace_root().join(name).join("src"));
        assert!(uses.len() > 2, "{name}");
        assert_eq!(circle(&uses), None, "{name}");
        assert_eq!(circle(&joined(&uses)), None, "{name}");
    }
}

#[test]
fn a_circle_through_a_child_is_found() {
    let module = |name: &str| name.split("::").map(str::to_owned).collect::<Module>();
    let uses = [("a::child", "b"), ("b", "a")];
    let uses = BTreeMap::from(uses.map(|(user, used)| (module(user), [module(used)].into())));
    assert_eq!(circle(&joined(&uses)), Some(vec!["a".to_owned(), "b".to_owned()]));
}

#[test]
fn a_circle_is_found_and_what_leads_to_it_is_left_out() {
    let module = |name: &str| vec![name.to_owned()];
    let uses = [("a", "b"), ("b", "c"), ("c", "b")];
    let uses = uses.map(|(user, used)| (module(user), BTreeSet::from([module(used)])));
    let found = circle(&BTreeMap::from(uses));
    assert_eq!(found, Some(vec!["b".to_owned(), "c".to_owned()]));
}
