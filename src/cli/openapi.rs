//! `dossier openapi`.

use crate::app;
use crate::openapi;

/// Prints the OpenAPI 3.1 document.
///
/// # Errors
/// Returns one line if the document cannot be written as JSON.
pub fn run() -> Result<(), String> {
    let document =
        openapi::document(app::operations().into_openapi()).map_err(super::error_chain)?;
    let text = serde_json::to_string_pretty(&document).map_err(super::error_chain)?;
    println!("{text}");
    Ok(())
}
