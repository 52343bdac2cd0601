//! Helpers for the operations of the document.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{Header, PathItem, Ref, RefOr, Response};

/// The operations of a path.
pub fn each(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let of_reading = [&mut item.get].into_iter();
    let of_writing = [
        &mut item.post,
        &mut item.patch,
        &mut item.put,
        &mut item.delete,
    ];
    of_reading.chain(of_writing).flatten()
}

/// Adds the headers that all responses have. Rate limits apply only to requests with an API key.
pub fn name_headers(response: &mut Response, is_public: bool) {
    let mut names = vec!["X-Request-Id"];
    if !is_public {
        names.extend(["RateLimit", "RateLimit-Policy"]);
    }
    for name in names {
        response
            .headers
            .insert(name.to_owned(), Header::default().into());
    }
    for (name, header) in &mut response.headers {
        *header = RefOr::Ref(Ref::new(format!("#/components/headers/{name}")));
    }
}
