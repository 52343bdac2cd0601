//! Links from the response of a create to the operations on the new resource.

use utoipa::openapi::RefOr;
use utoipa::openapi::link::{Link, LinkBuilder};
use utoipa::openapi::path::{Operation, Paths};

use super::operations::each;

/// Links each create operation to the operations whose paths are its own path and one more parameter.
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

/// The link from a create at `path` to an operation at `target`. Returns `None` if that is not an operation on the new
/// resource.
fn link(path: &str, target: &str, operation: &Operation) -> Option<(String, Link)> {
    let rest = target.strip_prefix(path)?.strip_prefix("/{")?;
    let (parameter, rest) = rest.split_once('}')?;
    // The response does not have the value of a further parameter.
    if rest.contains('{') {
        return None;
    }
    let id = operation.operation_id.clone()?;
    // `{case}` and `{id}` are the field `id` of the response.
    let field = if parameter == "key" { "key" } else { "id" };
    let mut link = LinkBuilder::new()
        .operation_id(&id)
        .description(operation.summary.clone().unwrap_or_default())
        .parameter(parameter, format!("$response.body#/{field}"));
    // The parameters of the create are also parameters of the target.
    for outer in path
        .split('/')
        .filter_map(|it| it.strip_prefix('{')?.strip_suffix('}'))
    {
        link = link.parameter(outer, format!("$request.path.{outer}"));
    }
    Some((id, link.build()))
}
