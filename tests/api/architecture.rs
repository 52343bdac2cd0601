//! The modules of `src` and the imports between them (docs/architecture.md).

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use regex::Regex;
use syn::{Item, UseTree, Visibility};

/// The top-level modules from the bottom up: a module imports only those before it.
const MODULES: [&str; 40] = [
    "clock",
    "ids",
    "json",
    "validation",
    "schema",
    "values",
    "destinations",
    "metrics",
    "traces",
    "db",
    "local_postgres",
    "http",
    "idempotency",
    "auth",
    "events",
    "state",
    "config",
    "telemetry",
    "writes",
    "versions",
    "tags",
    "users",
    "spaces",
    "custom_properties",
    "templates",
    "relations",
    "case_parts",
    "companies",
    "individuals",
    "cases",
    "activities",
    "webhooks",
    "workspaces",
    "health",
    "workers",
    "openapi",
    "reference",
    "app",
    "cli",
    "main",
];

/// A path of a `use` declaration, without `self` at its end.
struct Import {
    path: Vec<String>,
    is_public: bool,
}

/// The source files of a crate, by the path of their module. The root is an empty path.
struct Crate {
    modules: BTreeMap<Vec<String>, Vec<Import>>,
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder");
    let paths = entries.map(|entry| entry.expect("an entry").path());
    let files = paths.flat_map(|path| match path.is_dir() {
        true => sources(&path),
        false => vec![path],
    });
    let is_source = |it: &PathBuf| it.extension().is_some_and(|it| it == "rs");
    files.filter(is_source).collect()
}

/// Adds every path of a use tree.
fn flatten(tree: &UseTree, mut path: Vec<String>, found: &mut Vec<Vec<String>>) {
    match tree {
        UseTree::Path(it) => {
            path.push(it.ident.to_string());
            flatten(&it.tree, path, found);
        }
        UseTree::Group(group) => {
            for tree in &group.items {
                flatten(tree, path.clone(), found);
            }
        }
        UseTree::Name(it) if it.ident == "self" => found.push(path),
        UseTree::Name(it) => {
            path.push(it.ident.to_string());
            found.push(path);
        }
        UseTree::Rename(it) => {
            path.push(it.ident.to_string());
            found.push(path);
        }
        UseTree::Glob(_) => found.push(path),
    }
}

impl Crate {
    /// Reads the crate below a folder whose root file is one of these.
    fn read(root: &Path, roots: &[&str]) -> Self {
        let modules = sources(root).into_iter().map(|file| {
            let inside = file.strip_prefix(root).expect("a file below the root");
            let inside = inside.with_extension("");
            let names = inside.iter().map(|it| it.to_string_lossy().into_owned());
            let mut module: Vec<_> = names.collect();
            let last = module.last().expect("a name").clone();
            if last == "mod" || (module.len() == 1 && roots.contains(&last.as_str())) {
                module.pop();
            }
            let text = fs::read_to_string(&file).expect("a source");
            let parsed = syn::parse_file(&text).expect("Rust");
            let mut imports = imports(&parsed.items);
            imports.extend(inline_paths(&text));
            (module, imports)
        });
        let modules: BTreeMap<_, _> = modules.collect();
        assert!(modules.len() > 5, "the sources were not found");
        Self { modules }
    }

    /// The module that an import of `module` leads to. A re-export leads to the module of the item.
    fn target(&self, module: &[String], import: &[String]) -> Option<Vec<String>> {
        let (mut path, mut rest) = match import.first()?.as_str() {
            "crate" | "dossier" => (Vec::new(), &import[1..]),
            "self" | "super" => (module.to_vec(), import),
            _ => return None,
        };
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "self" => {}
                "super" => drop(path.pop()),
                _ => break,
            }
            rest = others;
        }
        while let Some((first, others)) = rest.split_first() {
            path.push(first.clone());
            if !self.modules.contains_key(&path) {
                path.pop();
                let mut exports = self.modules.get(&path)?.iter();
                let export = exports.find(|it| it.is_public && it.path.last() == Some(first));
                return match export {
                    Some(export) => self.target(&path, &export.path),
                    None => Some(path),
                };
            }
            rest = others;
        }
        Some(path)
    }

    /// The modules that each module imports, without those that it only re-exports.
    fn graph(&self) -> BTreeMap<&[String], BTreeSet<Vec<String>>> {
        let modules = self.modules.iter().map(|(module, imports)| {
            let imports = imports.iter().filter(|it| !it.is_public);
            let targets = imports.filter_map(|it| self.target(module, &it.path));
            (
                module.as_slice(),
                targets.filter(|it| it != module).collect(),
            )
        });
        modules.collect()
    }

    /// A circle of imports, if there is one.
    fn circle(&self) -> Option<String> {
        let mut graph = self.graph();
        // What is left after all modules without imports are removed, again and again, is in a circle or imports one.
        loop {
            let left: BTreeSet<Vec<String>> = graph.keys().map(|it| it.to_vec()).collect();
            for targets in graph.values_mut() {
                targets.retain(|it| left.contains(it));
            }
            let before = graph.len();
            graph.retain(|_, targets| !targets.is_empty());
            if graph.len() == before {
                break;
            }
        }
        let mut module = graph.keys().next()?.to_vec();
        let mut path: Vec<Vec<String>> = Vec::new();
        while !path.contains(&module) {
            path.push(module.clone());
            module = graph.get(module.as_slice())?.first()?.clone();
        }
        path.push(module);
        let names = path.iter().map(|it| it.join("::"));
        Some(names.collect::<Vec<_>>().join(" -> "))
    }
}

fn imports(items: &[Item]) -> Vec<Import> {
    let uses = items.iter().filter_map(|item| match item {
        Item::Use(it) => Some(it),
        _ => None,
    });
    let imports = uses.flat_map(|item| {
        let mut paths = Vec::new();
        flatten(&item.tree, Vec::new(), &mut paths);
        let is_public = !matches!(item.vis, Visibility::Inherited);
        paths
            .into_iter()
            .map(move |path| Import { path, is_public })
    });
    imports.collect()
}

/// Paths that begin with `crate` outside of `use` declarations, also inside macros.
fn inline_paths(text: &str) -> impl Iterator<Item = Import> {
    let path = Regex::new(r"\bcrate((?:::[A-Za-z_]+)+)").expect("a pattern");
    let code = text.lines().map(str::trim_start);
    let code = code.filter(|line| !line.starts_with("//") && !line.contains("use crate::"));
    let paths = code.flat_map(|line| {
        let paths = path.captures_iter(line).map(|it| it[1].to_owned());
        paths.collect::<Vec<_>>()
    });
    let paths: Vec<_> = paths.collect();
    paths.into_iter().map(|path| Import {
        path: format!("crate{path}")
            .split("::")
            .map(str::to_owned)
            .collect(),
        is_public: false,
    })
}

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src")
}

#[test]
fn modules_import_only_those_below_them() {
    let library = Crate::read(&src(), &["lib"]);
    let height = |module: &str| {
        let height = MODULES.iter().position(|it| *it == module);
        height.unwrap_or_else(|| panic!("{module} is not in the list of modules"))
    };
    let mut upward = Vec::new();
    for (module, imports) in &library.modules {
        let Some(top) = module.first() else { continue };
        for import in imports {
            let target = library.target(module, &import.path);
            let target = target.as_ref().and_then(|it| it.first());
            if let Some(target) = target.filter(|it| *it != top)
                && height(target) >= height(top)
            {
                upward.push(format!("{} imports {target}", module.join("::")));
            }
        }
    }
    assert!(upward.is_empty(), "{}", upward.join("\n"));
}

/// Two files that import each other cannot be understood one after the other. An import through a re-export counts like
/// an import of the file itself.
#[test]
fn files_do_not_import_each_other_in_a_circle() {
    let throughput = Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/throughput");
    for (root, file) in [(src(), "lib"), (throughput, "main")] {
        let circle = Crate::read(&root, &[file]).circle();
        assert_eq!(circle, None, "{}", root.display());
    }
}

/// A route that is not made by `routes!` would be missing in the OpenAPI document. The metrics have a listener of their
/// own.
#[test]
fn only_the_pages_are_served_without_a_description() {
    let root = src();
    let files = sources(&root);
    let plain = files.iter().filter(|file| {
        let text = fs::read_to_string(file).expect("a source");
        text.contains(".route(") || text.contains("routing::")
    });
    let plain: Vec<_> = plain.filter_map(|it| it.strip_prefix(&root).ok()).collect();
    let pages = Path::new("reference/routes.rs");
    assert_eq!(plain, [Path::new("app/metrics.rs"), pages]);
}
