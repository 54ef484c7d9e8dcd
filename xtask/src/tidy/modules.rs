//! The modules of one crate, read from its files: which file each is in, and what it defines.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};
use syn::{Attribute, Item, ItemMod, UseTree, Visibility};

/// The path of a module from the crate's root, or of a name in it: `engine::shard::Shard`.
pub(super) type ModulePath = Vec<String>;

/// What a name in a module stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Name {
    /// An item that the module defines.
    Defined,
    /// A module below it.
    Module,
    /// A name from elsewhere in the crate, imported or handed on: the path as it is written.
    Imported(ModulePath),
}

/// One module.
pub(super) struct Module {
    pub(super) file: PathBuf,
    pub(super) names: BTreeMap<String, Name>,
    /// Modules whose names are all imported or handed on, `use this::*`.
    pub(super) globs: Vec<ModulePath>,
    /// The items, without those for tests only and without modules.
    pub(super) items: Vec<Item>,
}

/// All modules of a crate by their paths, without those for tests only.
#[derive(Default)]
pub(super) struct Tree {
    pub(super) modules: BTreeMap<ModulePath, Module>,
}

impl Tree {
    /// Reads a crate from its root file on.
    pub(super) fn read(root: &Path) -> anyhow::Result<Self> {
        let mut tree = Self::default();
        let folder = root.parent().unwrap_or(Path::new("")).to_path_buf();
        tree.read_file(Vec::new(), root, &folder)?;
        Ok(tree)
    }

    /// Reads a module's file; `folder` is where the files of the modules in it are.
    fn read_file(&mut self, path: ModulePath, file: &Path, folder: &Path) -> anyhow::Result<()> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("{} can't be read", file.display()))?;
        let parsed =
            syn::parse_file(&text).with_context(|| format!("{} is not Rust", file.display()))?;
        self.add(path, file, folder, parsed.items)
    }

    fn add(
        &mut self,
        path: ModulePath,
        file: &Path,
        folder: &Path,
        items: Vec<Item>,
    ) -> anyhow::Result<()> {
        let mut module = Module {
            file: file.to_path_buf(),
            names: BTreeMap::new(),
            globs: Vec::new(),
            items: Vec::new(),
        };
        for item in items.into_iter().filter(|item| !is_for_tests(attributes(item))) {
            match item {
                Item::Mod(inner) => {
                    module.names.insert(inner.ident.to_string(), Name::Module);
                    self.add_inner(&path, file, folder, inner)?;
                }
                item => {
                    if let Item::Use(import) = &item {
                        collect(&import.tree, &mut Vec::new(), &mut module);
                    } else if let Some(name) = name_of(&item) {
                        module.names.insert(name, Name::Defined);
                    }
                    module.items.push(item);
                }
            }
        }
        self.modules.insert(path, module);
        Ok(())
    }

    fn add_inner(
        &mut self,
        outer: &ModulePath,
        file: &Path,
        folder: &Path,
        inner: ItemMod,
    ) -> anyhow::Result<()> {
        let name = inner.ident.to_string();
        let path = [outer.clone(), vec![name.clone()]].concat();
        let below = folder.join(&name);
        if let Some((_, items)) = inner.content {
            return self.add(path, file, &below, items);
        }
        let files = [folder.join(format!("{name}.rs")), below.join("mod.rs")];
        let Some(found) = files.iter().find(|file| file.exists()) else {
            bail!("{}: no file for `mod {name}`", file.display());
        };
        self.read_file(path, found, &below)
    }
}

/// Whether an item is compiled for tests or fuzzing only.
pub(super) fn is_for_tests(attributes: &[Attribute]) -> bool {
    attributes.iter().filter(|one| one.path().is_ident("cfg")).any(|one| {
        let mut is_for_tests = false;
        // A condition of another form than these is for all builds.
        let _ = one.parse_nested_meta(|meta| {
            is_for_tests |= meta.path.is_ident("test") || meta.path.is_ident("fuzzing");
            if meta.path.is_ident("any") || meta.path.is_ident("all") {
                return meta.parse_nested_meta(|inner| {
                    is_for_tests |= inner.path.is_ident("test");
                    Ok(())
                });
            }
            Ok(())
        });
        is_for_tests
    })
}

/// Takes down the names that a `use` brings.
fn collect(tree: &UseTree, prefix: &mut ModulePath, module: &mut Module) {
    match tree {
        UseTree::Path(path) => {
            prefix.push(path.ident.to_string());
            collect(&path.tree, prefix, module);
            prefix.pop();
        }
        UseTree::Name(name) => bring(prefix, &name.ident.to_string(), None, module),
        UseTree::Rename(name) => {
            bring(prefix, &name.ident.to_string(), Some(name.rename.to_string()), module);
        }
        UseTree::Glob(_) => module.globs.push(prefix.clone()),
        UseTree::Group(group) => {
            for one in &group.items {
                collect(one, prefix, module);
            }
        }
    }
}

fn bring(prefix: &ModulePath, name: &str, rename: Option<String>, module: &mut Module) {
    // `use this::{self}` brings the module `this`.
    let target = match name {
        "self" => prefix.clone(),
        name => [prefix.clone(), vec![name.to_owned()]].concat(),
    };
    let shown = rename.or_else(|| target.last().cloned()).unwrap_or_default();
    module.names.insert(shown, Name::Imported(target));
}

fn name_of(item: &Item) -> Option<String> {
    Some(match item {
        Item::Const(one) => one.ident.to_string(),
        Item::Enum(one) => one.ident.to_string(),
        Item::Fn(one) => one.sig.ident.to_string(),
        Item::Static(one) => one.ident.to_string(),
        Item::Struct(one) => one.ident.to_string(),
        Item::Trait(one) => one.ident.to_string(),
        Item::TraitAlias(one) => one.ident.to_string(),
        Item::Type(one) => one.ident.to_string(),
        Item::Union(one) => one.ident.to_string(),
        Item::Macro(one) => one.ident.as_ref()?.to_string(),
        _ => return None,
    })
}

fn attributes(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(one) => &one.attrs,
        Item::Enum(one) => &one.attrs,
        Item::Fn(one) => &one.attrs,
        Item::Impl(one) => &one.attrs,
        Item::Macro(one) => &one.attrs,
        Item::Mod(one) => &one.attrs,
        Item::Static(one) => &one.attrs,
        Item::Struct(one) => &one.attrs,
        Item::Trait(one) => &one.attrs,
        Item::Type(one) => &one.attrs,
        Item::Use(one) => &one.attrs,
        _ => &[],
    }
}

/// Whether a `use` hands names on to others: the file then offers them and does not need them itself.
pub(super) fn hands_on(visibility: &Visibility) -> bool {
    !matches!(visibility, Visibility::Inherited)
}
