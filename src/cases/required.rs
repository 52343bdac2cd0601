//! The fields that a template requires of an open case.

use std::collections::HashSet;

use super::model::Case;
use crate::templates::RequiredPath;
use crate::validation::{Code, Fault, Violations};

/// Refuses an open case without a field that its template requires. A field that was refused already does not count as
/// missing.
///
/// # Errors
/// Returns an error if the case has no JSON form.
pub fn require(
    template: &str,
    required: &[RequiredPath],
    case: &Case,
    violations: &mut Violations,
) -> Result<(), serde_json::Error> {
    if required.is_empty() {
        return Ok(());
    }
    let case = serde_json::to_value(case)?;
    let refused = violations.recorded().iter().map(|it| it.pointer.clone());
    let refused: HashSet<String> = refused.collect();
    // The field itself, or an object that contains it.
    let is_refused = |pointer: &str| {
        let ends = pointer.match_indices('/').map(|(at, _)| at);
        let mut prefixes = ends
            .chain([pointer.len()])
            .filter_map(|end| pointer.get(..end));
        prefixes.any(|it| refused.contains(it))
    };
    let missing = required.iter().flat_map(|path| path.missing(&case));
    for pointer in missing.filter(|it| !is_refused(it)) {
        violations.add(
            || pointer,
            || {
                let message = format!(
                    "The template {template} requires this field in an open case. Send it, or keep the case a draft \
                     until you have it."
                );
                Fault::new(Code::RequiredByTemplate, message)
            },
        );
    }
    Ok(())
}
