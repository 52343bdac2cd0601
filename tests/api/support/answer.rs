//! What a server answered, and what tests ask of it.

use reqwest::StatusCode;
use reqwest::header::HeaderMap;
use serde_json::Value;

/// One answer, read to its end.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Value,
}

impl Answer {
    #[track_caller]
    pub fn expect(self, status: u16) -> Self {
        assert_eq!(self.status.as_u16(), status, "{}", self.body);
        self
    }

    /// Pointer and code of each error, in order.
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

    /// A header, if it is there.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).and_then(|it| it.to_str().ok())
    }

    /// The entity tag.
    #[track_caller]
    pub fn etag(&self) -> String {
        let tag = self.headers.get("etag").expect("an entity tag");
        tag.to_str().expect("text").to_owned()
    }

    /// The id of what was created or read.
    #[track_caller]
    pub fn id(&self) -> String {
        self.body["id"].as_str().expect("an id").to_owned()
    }
}
