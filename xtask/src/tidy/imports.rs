//! Which file takes which names from which other file of its crate.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use syn::{Attribute, Item, ItemMod, Path as SynPath, visit::Visit};

use super::modules::{Module, ModulePath, Name, Tree, hands_on, is_for_tests};

/// The names by the file that takes them and the file that defines them.
pub(super) type Imports = BTreeMap<PathBuf, BTreeMap<PathBuf, BTreeSet<String>>>;

/// Re-exports that are followed from one module to the next before a name counts as unknown.
const MOST_STEPS: usize = 32;

/// Reads the paths in the code of every module. Those that macros hide are not seen.
pub(super) fn between_files(tree: &Tree) -> anyhow::Result<Imports> {
    let mut imports = Imports::new();
    for (path, module) in &tree.modules {
        let mut paths = Paths::default();
        for item in &module.items {
            paths.visit_item(item);
        }
        let brought = module.items.iter().filter_map(|item| match item {
            Item::Use(one) if !hands_on(&one.vis) => Some(one),
            _ => None,
        });
        let mut wanted: Vec<ModulePath> = paths.found;
        for import in brought {
            flatten(&import.tree, &mut Vec::new(), &mut wanted);
        }
        for name in wanted {
            let Some((file, name)) = definition(tree, path, &name, 0) else { continue };
            if file != module.file {
                imports
                    .entry(module.file.clone())
                    .or_default()
                    .entry(file.to_path_buf())
                    .or_default()
                    .insert(name);
            }
        }
    }
    Ok(imports)
}

/// The file that defines what a path in a module means, and the name there. `None` for what is not
/// of this crate, and for a module by itself.
fn definition<'t>(
    tree: &'t Tree,
    from: &[String],
    path: &[String],
    steps: usize,
) -> Option<(&'t Path, String)> {
    if steps > MOST_STEPS {
        return None;
    }
    let (mut at, mut rest) = start(tree, from, path)?;
    loop {
        let module = tree.modules.get(&at)?;
        let (name, after) = rest.split_first()?;
        match module.names.get(name) {
            Some(Name::Module) => {
                at.push(name.clone());
                rest = after;
            }
            Some(Name::Defined) => return Some((&module.file, name.clone())),
            Some(Name::Imported(target)) => {
                let whole = [target.as_slice(), after].concat();
                return definition(tree, &at, &whole, steps + 1);
            }
            None => return through_globs(tree, &at, module, rest, steps),
        }
    }
}

fn through_globs<'t>(
    tree: &'t Tree,
    at: &[String],
    module: &Module,
    rest: &[String],
    steps: usize,
) -> Option<(&'t Path, String)> {
    module.globs.iter().find_map(|glob| {
        let whole = [glob.as_slice(), rest].concat();
        definition(tree, at, &whole, steps + 1)
    })
}

/// The module where a path begins, and what is left of the path there.
fn start<'p>(
    tree: &Tree,
    from: &[String],
    path: &'p [String],
) -> Option<(ModulePath, &'p [String])> {
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "crate" => Some((Vec::new(), rest)),
        "self" => start_below(from.to_vec(), rest),
        "super" => start_below(from.split_last()?.1.to_vec(), rest),
        name => tree.modules.get(from)?.names.contains_key(name).then(|| (from.to_vec(), path)),
    }
}

/// `super` again and again.
fn start_below(at: ModulePath, path: &[String]) -> Option<(ModulePath, &[String])> {
    match path.split_first() {
        Some((first, rest)) if first == "super" => start_below(at.split_last()?.1.to_vec(), rest),
        _ => Some((at, path)),
    }
}

fn flatten(tree: &syn::UseTree, prefix: &mut ModulePath, found: &mut Vec<ModulePath>) {
    match tree {
        syn::UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            flatten(&path.tree, prefix, found);
            prefix.pop();
        }
        syn::UseTree::Name(name) => found.push([&prefix[..], &[name.ident.to_string()]].concat()),
        syn::UseTree::Rename(name) => found.push([&prefix[..], &[name.ident.to_string()]].concat()),
        syn::UseTree::Glob(_) => {}
        syn::UseTree::Group(group) => {
            for one in &group.items {
                flatten(one, prefix, found);
            }
        }
    }
}

/// The paths of several segments in code: `super::limits::MAX`, `wire::Frame::parse`.
#[derive(Default)]
struct Paths {
    found: Vec<ModulePath>,
}

impl Visit<'_> for Paths {
    fn visit_item(&mut self, item: &Item) {
        // Imports are read by themselves; what is for tests only may look anywhere.
        if !matches!(item, Item::Use(_)) {
            syn::visit::visit_item(self, item);
        }
    }

    fn visit_item_mod(&mut self, _: &ItemMod) {}

    fn visit_impl_item(&mut self, item: &syn::ImplItem) {
        let attributes: &[Attribute] = match item {
            syn::ImplItem::Fn(one) => &one.attrs,
            syn::ImplItem::Const(one) => &one.attrs,
            _ => &[],
        };
        if !is_for_tests(attributes) {
            syn::visit::visit_impl_item(self, item);
        }
    }

    fn visit_path(&mut self, path: &SynPath) {
        if path.leading_colon.is_none() && path.segments.len() > 1 {
            self.found.push(path.segments.iter().map(|one| one.ident.to_string()).collect());
        }
        syn::visit::visit_path(self, path);
    }
}
