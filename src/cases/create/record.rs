//! The activity, the events and the deliveries of a new case.

use std::cell::LazyCell;

use serde::Serialize;
use serde_json::Value;

use crate::cases::model::Case;
use crate::cases::view::{CaseContextView, CaseView};
use crate::events::{
    Author, Change, ChangeRows, ChangeRowsJson, Context, Endpoint, Event, Snapshot, Subject,
};
use crate::http::Problem;

/// The record of a new case. Its companies and individuals have events of their own only if an endpoint subscribes to
/// them, and no activities: that of the case covers them.
///
/// # Errors
/// Returns `Problem::Encode` if a view has no JSON form.
pub fn record<'c>(
    case: &'c Case,
    view: &LazyCell<CaseView<'c>, impl FnOnce() -> CaseView<'c>>,
    author: &Author,
    endpoints: &[Endpoint],
) -> Result<ChangeRowsJson, Problem> {
    let is_subscribed = |event| endpoints.iter().any(|it| it.is_subscribed_to(event));
    let (case_id, version) = (case.header.id, case.header.version);
    let change = |subject, event| Change {
        activity: None,
        ..Change::new(case_id, subject, version, "").with_event(event)
    };
    let created = Change::new(case_id, Subject::Case, version, "api__created__case")
        .with_context(Context::CaseStatus(case.header.status.as_str()))
        .with_event(Event::CASE_CREATED);
    let subject = is_subscribed(Event::CASE_CREATED).then(|| snapshot(&**view, None));
    let mut changes = vec![created];
    let mut snapshots = vec![subject.transpose()?];
    let parts = [Event::COMPANY_CREATED, Event::INDIVIDUAL_CREATED];
    let context = parts
        .into_iter()
        .any(is_subscribed)
        .then(|| serde_json::to_value(CaseContextView::new(&case.header)).map_err(Problem::Encode));
    let context = context.transpose()?;
    if is_subscribed(Event::COMPANY_CREATED) {
        for company in view.companies() {
            let subject = Subject::Company(company.id());
            changes.push(change(subject, Event::COMPANY_CREATED));
            snapshots.push(Some(snapshot(company, context.as_ref())?));
        }
    }
    if is_subscribed(Event::INDIVIDUAL_CREATED) {
        for individual in view.individuals() {
            let subject = Subject::Individual(individual.id());
            changes.push(change(subject, Event::INDIVIDUAL_CREATED));
            snapshots.push(Some(snapshot(individual, context.as_ref())?));
        }
    }
    let mut record = ChangeRows::with_capacity(changes.len());
    for (change, snapshot) in changes.iter().zip(snapshots) {
        record.add(author, change, endpoints, snapshot);
    }
    record.to_json().map_err(Problem::Encode)
}

fn snapshot(view: &impl Serialize, case_context: Option<&Value>) -> Result<Snapshot, Problem> {
    Ok(Snapshot {
        subject: serde_json::to_value(view).map_err(Problem::Encode)?,
        case_context: case_context.cloned(),
    })
}
