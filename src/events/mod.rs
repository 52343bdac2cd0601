//! The activity and the event of each change of a case. Both are written in the transaction of the change.

mod change;
mod change_recorder;
mod change_rows;
mod names;
mod snapshots;
mod store;

pub use change::{Author, Change, Context, Field, changed_fields};
pub use change_recorder::ChangeRecorder;
pub use change_rows::{ChangeRows, ChangeRowsJson, Endpoint};
pub use names::{ACTIVITIES, EVENTS, Event};
pub use snapshots::{Snapshot, Snapshots, Subject};
pub use store::erase;
