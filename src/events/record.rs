//! The rows that changes leave.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use uuid::Uuid;

use super::change::Field;
use super::{Author, Change, Context, Event, Snapshot};
use crate::json::Rows;
use crate::values::timestamp;

/// An endpoint of the workspace that is online.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Endpoint {
    pub id: Uuid,
    pub url: String,
    /// The events that it waits for.
    pub events: Vec<String>,
}

impl Endpoint {
    /// Whether it waits for an event.
    pub fn awaits(&self, event: Event) -> bool {
        self.events.iter().any(|name| event.is_called(name))
    }
}

/// The rows of some changes, all of which one statement writes.
#[derive(Debug, Serialize)]
pub struct Record<'c> {
    activities: Vec<ActivityRow<'c>>,
    events: Vec<EventRow>,
    deliveries: Vec<DeliveryRow<'c>>,
}

/// The rows of a record as JSON, by table.
#[derive(Debug)]
pub struct RecordRows {
    pub activities: Rows,
    pub events: Rows,
    pub deliveries: Rows,
    /// Whether something is to be delivered.
    pub is_awaited: bool,
}

#[derive(Debug, Serialize)]
struct ActivityRow<'c> {
    id: Uuid,
    case_id: Uuid,
    company_id: Option<Uuid>,
    individual_id: Option<Uuid>,
    #[serde(rename = "type")]
    kind: &'static str,
    api_key_id: &'c str,
    context: &'c Context,
    changes: Option<&'c [Field]>,
    #[serde(serialize_with = "timestamp")]
    created_at: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct EventRow {
    id: Uuid,
    case_id: Uuid,
    company_id: Option<Uuid>,
    individual_id: Option<Uuid>,
    event: &'static str,
    sub_event: Option<&'static str>,
    version: i64,
    subject: Option<Value>,
    case_context: Option<Value>,
    #[serde(serialize_with = "timestamp")]
    created_at: DateTime<Utc>,
}

#[derive(Debug, Serialize)]
struct DeliveryRow<'c> {
    id: Uuid,
    webhook_id: Uuid,
    case_id: Uuid,
    event_id: Uuid,
    company_id: Option<Uuid>,
    individual_id: Option<Uuid>,
    event: &'static str,
    version: i64,
    endpoint: &'c str,
    #[serde(serialize_with = "timestamp")]
    created_at: DateTime<Utc>,
    trace_parent: Option<&'c str>,
}

impl<'c> Record<'c> {
    /// None yet, with room for those of so many changes.
    pub fn with_room_for(changes: usize) -> Self {
        Self {
            activities: Vec::with_capacity(changes),
            events: Vec::with_capacity(changes),
            deliveries: Vec::new(),
        }
    }

    /// Adds the rows of a change; its event carries a snapshot where an endpoint waits for it.
    pub fn add(
        &mut self,
        author: &'c Author,
        change: &'c Change,
        endpoints: &'c [Endpoint],
        snapshot: Option<Snapshot>,
    ) {
        let (case_id, now) = (change.case_id, author.now);
        let (company_id, individual_id) = (change.subject.company(), change.subject.individual());
        if let Some(kind) = change.activity {
            self.activities.push(ActivityRow {
                id: author.ids.next(now),
                case_id,
                company_id,
                individual_id,
                kind,
                api_key_id: &author.api_key_id,
                context: &change.context,
                changes: change.fields.as_deref(),
                created_at: now,
            });
        }
        let Some(event) = change.event else {
            return;
        };
        let id = author.ids.next(now);
        let snapshot = snapshot.map(|it| (it.subject, it.case_context));
        let (subject, case_context) =
            snapshot.map_or((None, None), |(subject, context)| (Some(subject), context));
        self.events.push(EventRow {
            id,
            case_id,
            company_id,
            individual_id,
            event: event.name,
            sub_event: event.sub,
            version: change.version,
            subject,
            case_context,
            created_at: now,
        });
        let waiting = endpoints.iter().filter(|it| it.awaits(event));
        self.deliveries.extend(waiting.map(|endpoint| DeliveryRow {
            id: author.ids.next(now),
            webhook_id: endpoint.id,
            case_id,
            event_id: id,
            company_id,
            individual_id,
            event: event.name,
            version: change.version,
            endpoint: &endpoint.url,
            created_at: now,
            trace_parent: author.trace_parent.as_deref(),
        }));
    }

    /// Its rows, for a statement that writes those of several.
    ///
    /// # Errors
    /// None but those of a row that has no JSON form.
    pub fn rows(&self) -> Result<RecordRows, serde_json::Error> {
        Ok(RecordRows {
            activities: Rows::new(&self.activities)?,
            events: Rows::new(&self.events)?,
            deliveries: Rows::new(&self.deliveries)?,
            is_awaited: self.is_awaited(),
        })
    }

    /// Whether something is to be delivered.
    pub fn is_awaited(&self) -> bool {
        !self.deliveries.is_empty()
    }
}
