//! Circles in who imports whom.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::PathBuf,
};

use super::imports::Imports;

/// Files that reach each other by imports, with the names that tie them.
#[derive(Debug)]
pub(super) struct Circle {
    ties: Vec<(PathBuf, PathBuf, BTreeSet<String>)>,
}

impl fmt::Display for Circle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let files: BTreeSet<_> =
            self.ties.iter().map(|(from, ..)| from.display().to_string()).collect();
        writeln!(
            f,
            "{}:1: {} files import each other in a circle. Move what both sides need into a file below \
             both, or hand it over as an argument:",
            files.first().map_or("", String::as_str),
            files.len()
        )?;
        for (index, (from, to, names)) in self.ties.iter().enumerate() {
            let names = names.iter().cloned().collect::<Vec<_>>().join(", ");
            let end = if index + 1 < self.ties.len() { "\n" } else { "" };
            write!(f, "  {} takes {names} from {}{end}", from.display(), to.display())?;
        }
        Ok(())
    }
}

/// All circles: each set of files that reach each other.
pub(super) fn find(imports: &Imports) -> Vec<Circle> {
    let reached: BTreeMap<&PathBuf, BTreeSet<&PathBuf>> =
        imports.keys().map(|file| (file, reachable(imports, file))).collect();
    let mut done = BTreeSet::new();
    let mut circles = Vec::new();
    for (file, others) in &reached {
        if done.contains(file) || !others.contains(file) {
            continue;
        }
        let circle: BTreeSet<&PathBuf> = others
            .iter()
            .copied()
            .filter(|other| reached.get(other).is_some_and(|back| back.contains(file)))
            .collect();
        let ties = circle.iter().flat_map(|from| {
            imports[*from]
                .iter()
                .filter(|(to, _)| circle.contains(to))
                .map(|(to, names)| ((*from).clone(), to.clone(), names.clone()))
        });
        circles.push(Circle { ties: ties.collect() });
        done.extend(circle);
    }
    circles
}

fn reachable<'i>(imports: &'i Imports, from: &PathBuf) -> BTreeSet<&'i PathBuf> {
    let mut seen = BTreeSet::new();
    let mut next: Vec<&PathBuf> =
        imports.get(from).into_iter().flatten().map(|(to, _)| to).collect();
    while let Some(file) = next.pop() {
        if seen.insert(file) {
            next.extend(imports.get(file).into_iter().flatten().map(|(to, _)| to));
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::super::{imports::between_files, modules::Tree};

    /// The findings in a crate of these files.
    fn circles(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        }
        let tree = Tree::read(&folder.path().join("lib.rs")).unwrap();
        let imports = between_files(&tree).unwrap();
        let prefix = format!("{}/", folder.path().display());
        super::find(&imports).iter().map(|one| one.to_string().replace(&prefix, "")).collect()
    }

    #[test]
    fn two_files_that_import_each_other_are_found_with_the_names_that_tie_them() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a.rs", "use crate::b::B; pub struct A(B);"),
            ("b.rs", "use super::a::A; pub struct B(Box<A>);"),
        ]);
        assert_eq!(found.len(), 1);
        assert!(found[0].starts_with("a.rs:1: 2 files import each other"), "{}", found[0]);
        assert!(
            found[0].contains("a.rs takes B from b.rs\n  b.rs takes A from a.rs"),
            "{}",
            found[0]
        );
    }

    #[test]
    fn a_circle_is_found_behind_re_exports_renames_and_paths_in_code() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b;"),
            ("a/mod.rs", "mod inner; pub use self::inner::Inner as Shown;"),
            ("a/inner.rs", "pub struct Inner; fn f() { crate::b::g() }"),
            ("b.rs", "use crate::a; pub fn g() { a::Shown; }"),
        ]);
        assert_eq!(found.len(), 1);
        assert!(found[0].contains("a/inner.rs takes g from b.rs"), "{}", found[0]);
        assert!(found[0].contains("b.rs takes Inner from a/inner.rs"), "{}", found[0]);
    }

    #[test]
    fn a_child_that_needs_what_its_parent_defines_and_the_parent_needs_makes_a_circle() {
        let found = circles(&[
            (
                "lib.rs",
                "mod child; use self::child::Child; pub const MAX: u8 = 1; struct P(Child);",
            ),
            ("child.rs", "pub struct Child([u8; super::MAX as usize]);"),
        ]);
        assert_eq!(found.len(), 1);
    }

    #[test]
    fn no_circle_is_found_where_arrows_go_down_or_only_tests_look_back() {
        let found = circles(&[
            ("lib.rs", "mod a; mod b; pub use self::{a::A, b::B};"),
            ("a.rs", "use crate::B; pub struct A(B);"),
            ("b.rs", "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }"),
        ]);
        assert_eq!(found, Vec::<String>::new());
    }
}
