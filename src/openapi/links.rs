//! From the answer that makes something to the operations on it.

use utoipa::openapi::RefOr;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::{Operation, Paths};

use super::operations::each;

/// Links each create operation to the reads, updates and deletes of what it made: those whose path
/// begins with its own and one parameter more.
pub fn add(paths: &mut Paths) {
    let mut targets: Vec<(String, Operation)> = Vec::new();
    for (path, item) in &mut paths.paths {
        let of_item = each(item).map(|it| (path.clone(), it.clone()));
        targets.extend(of_item.collect::<Vec<_>>());
    }
    for (path, item) in &mut paths.paths {
        let Some(create) = &mut item.post else {
            continue;
        };
        let Some(RefOr::T(created)) = create.responses.responses.get_mut("201") else {
            continue;
        };
        for (target, operation) in &targets {
            if let Some((name, link)) = link(path, target, operation) {
                created.links.insert(name, RefOr::T(link));
            }
        }
    }
}

/// The link from what is made at `path` to an operation at `target`, if that is one of it.
fn link(path: &str, target: &str, operation: &Operation) -> Option<(String, Link)> {
    let rest = target.strip_prefix(path)?.strip_prefix("/{")?;
    let (parameter, rest) = rest.split_once('}')?;
    // What only another answer could fill in.
    if rest.contains('{') {
        return None;
    }
    let id = operation.operation_id.clone()?;
    // The parameter that names a case or a part of one is its id; a key stays a key.
    let member = if parameter == "key" { "key" } else { "id" };
    let mut link = LinkBuilder::new()
        .operation_id(&id)
        .description(operation.summary.clone().unwrap_or_default())
        .parameter(parameter, format!("$response.body#/{member}"));
    // What stands in the path of the create stands in the path of the target.
    for outer in path
        .split('/')
        .filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'))
    {
        link = link.parameter(outer, format!("$request.path.{outer}"));
    }
    Some((id, link.build()))
}
