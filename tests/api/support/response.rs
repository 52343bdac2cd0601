//! A response of the server, with the assertions that tests need.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// A complete response.
#[derive(Debug)]
pub struct TestResponse {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl TestResponse {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// Returns the pointer and code of each error, in order.
    #[track_caller]
    pub fn errors(&self) -> Vec<(&str, &str)> {
        let errors = self.body["errors"].as_array().expect("errors");
        errors
            .iter()
            .map(|it| {
                (
                    it["pointer"].as_str().unwrap_or(""),
                    it["code"].as_str().unwrap_or(""),
                )
            })
            .collect()
    }

    /// Returns a header, or `None` if it is absent.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|it| it.to_str().ok())
    }

    /// Returns the `ETag` header.
    #[track_caller]
    pub fn etag(&self) -> String {
        let tag = self.headers.get("etag").expect("an entity tag");
        tag.to_str().expect("a readable value").to_owned()
    }

    /// Returns the `id` of the body.
    #[track_caller]
    pub fn id(&self) -> String {
        self.body["id"].as_str().expect("an id").to_owned()
    }
}
