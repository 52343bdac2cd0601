//! `dossier openapi`.

use crate::app;
use crate::openapi;

/// Prints the description of every operation (OpenAPI 3.1).
///
/// # Errors
/// None but those of a document that has no JSON form.
pub fn run() -> Result<(), String> {
    let document = openapi::document(app::operations().into_openapi()).map_err(super::told)?;
    let text = serde_json::to_string_pretty(&document).map_err(super::told)?;
    println!("{text}");
    Ok(())
}
