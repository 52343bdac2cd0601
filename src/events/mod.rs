//! What a change of a case leaves behind: its activity, and the events that endpoints wait for. Both
//! are written in the transaction of the change.

mod change;
mod names;
mod record;
mod recorder;
mod snapshots;
mod store;

pub use change::{Author, Change, Context, Field, changed_fields};
pub use names::{ACTIVITIES, EVENTS, Event};
pub use record::{Endpoint, Record, RecordRows};
pub use recorder::Events;
pub use snapshots::{Snapshot, Snapshots, Subject};
pub use store::erase;
