//! Calls that the tests of webhooks share.

use dossier::workspaces::FIXED_KEY;
use reqwest::Method;
use serde_json::json;

use super::{TestApp, TestResponse};

impl TestApp {
    /// Creates a webhook in the sandbox.
    pub async fn subscribe(&self, url: &str, events: &[&str]) -> TestResponse {
        self.subscribe_as(FIXED_KEY, url, events).await
    }

    /// Creates a webhook in the workspace of an API key.
    pub async fn subscribe_as(&self, key: &str, url: &str, events: &[&str]) -> TestResponse {
        let request = self.request(Method::POST, "/webhooks").bearer_auth(key);
        let body = json!({"url": url, "events": events});
        self.send(request.json(&body)).await.expect(201)
    }

    /// Changes the name of a case, which creates an event.
    pub async fn rename_case(&self, id: &str, name: &str) {
        let (path, body) = (format!("/cases/{id}"), json!({"name": name}));
        self.call(Method::PATCH, &path, &body).await.expect(200);
    }

    /// Deletes a webhook.
    pub async fn delete_webhook(&self, id: &str) {
        let path = format!("/webhooks/{id}");
        self.call(Method::DELETE, &path, &json!({}))
            .await
            .expect(204);
    }
}
