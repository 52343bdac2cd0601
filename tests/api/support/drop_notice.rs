//! Tells a test that a handler has ended, also if it was cancelled.

use tokio::sync::mpsc::UnboundedSender;

/// Sends `"dropped"` when it is dropped.
pub struct DropNotice(pub UnboundedSender<&'static str>);

impl Drop for DropNotice {
    fn drop(&mut self) {
        // The receiver is gone once the test has ended.
        let _ = self.0.send("dropped");
    }
}
