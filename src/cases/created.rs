//! What a new case leaves behind besides its rows.

use std::cell::LazyCell;

use serde::Serialize;
use serde_json::Value;

use super::Case;
use super::view::{CaseContextView, CaseView};
use crate::events::{
    Author, Change, ChangeRows, ChangeRowsJson, Context, Endpoint, Event, Snapshot, Subject,
};
use crate::http::Problem;

/// The record of a new case. A company or individual that came with the case has an event
/// of its own where an endpoint waits for that; the activity of the case stands for all of them.
///
/// # Errors
/// None but those of a view that has no JSON form.
pub fn created<'c>(
    case: &'c Case,
    view: &LazyCell<CaseView<'c>, impl FnOnce() -> CaseView<'c>>,
    author: &Author,
    endpoints: &[Endpoint],
) -> Result<ChangeRowsJson, Problem> {
    let is_awaited = |event| endpoints.iter().any(|it| it.is_subscribed_to(event));
    let (case_id, version) = (case.header.id, case.header.version);
    let change = |subject, event| Change {
        activity: None,
        ..Change::new(case_id, subject, version, "").with_event(event)
    };
    let mut told = vec![(
        Change::new(case_id, Subject::Case, version, "api__created__case")
            .with_context(Context::CaseStatus(case.header.status.as_str()))
            .with_event(Event::CASE_CREATED),
        is_awaited(Event::CASE_CREATED)
            .then(|| snapshot(&**view, None))
            .transpose()?,
    )];
    let parts = [Event::COMPANY_CREATED, Event::INDIVIDUAL_CREATED];
    let context = parts
        .into_iter()
        .any(is_awaited)
        .then(|| serde_json::to_value(CaseContextView::new(&case.header)).map_err(Problem::Encode));
    let context = context.transpose()?;
    if is_awaited(Event::COMPANY_CREATED) {
        for company in view.companies() {
            let change = change(Subject::Company(company.id()), Event::COMPANY_CREATED);
            told.push((change, Some(snapshot(company, context.as_ref())?)));
        }
    }
    if is_awaited(Event::INDIVIDUAL_CREATED) {
        for individual in view.individuals() {
            let change = change(
                Subject::Individual(individual.id()),
                Event::INDIVIDUAL_CREATED,
            );
            told.push((change, Some(snapshot(individual, context.as_ref())?)));
        }
    }
    let mut record = ChangeRows::with_capacity(told.len());
    for (change, snapshot) in &told {
        record.add(author, change, endpoints, snapshot.clone());
    }
    record.to_json().map_err(Problem::Encode)
}

fn snapshot(view: &impl Serialize, case_context: Option<&Value>) -> Result<Snapshot, Problem> {
    Ok(Snapshot {
        subject: serde_json::to_value(view).map_err(Problem::Encode)?,
        case_context: case_context.cloned(),
    })
}
