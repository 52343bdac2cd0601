//! The request of `POST /cases`, which is also an item of a batch, and its parser.

use chrono::{DateTime, Utc};

use super::draft::{CaseDraft, History};
use super::graph::Graph;
use crate::cases::fields::{
    METADATA_KEYS, STATUSES, TAGS, TemplateReference, external_id, metadata, metadata_shape, name,
    refuse_two_templates, tags, template_key,
};
use crate::cases::model::Status;
use crate::cases::review::{ReviewRequest, past};
use crate::companies::CompanyRequest;
use crate::custom_properties::{self, PropertiesRequest};
use crate::http::visit_item;
use crate::individuals::IndividualRequest;
use crate::schema::{self, shape};
use crate::validation::{
    Code, Entries, Fault, Field, Items, Mode, NamedField, Object, Scope, Text, Violations,
    is_given, list,
};
use crate::values::{choice, text, uuid};
use crate::wire_object;

/// The remedy for an array of cases.
pub const SEVERAL: &str = r#"Send one case, or several to POST /cases/batch as {"cases": [...]}."#;
/// The most companies of a case, and the most individuals.
const ENTITIES: usize = 1_000;
/// The most reviews in the history of a new case.
const REVIEWS: usize = 100;

wire_object! {
    /// A whole customer: the case, its companies and individuals, and who owns or represents whom.
    CaseRequest except fields_of_other_modes within "Batch" {
        /// Name of the case. Not only white space.
        "name" => name: Text<'de> = shape::text(1, 180).matching(r"\S").required().example("Acme"),
        /// Status of the new case. A review sets `approved`, `rejected` or `closed`.
        "status" => status: Text<'de> =
            shape::words(STATUSES.map(|it| it.0)).strict().default("open"),
        /// Your own id of the customer, unique in the workspace. Not `batch`, `.` or `..`: a path cannot contain them.
        "external_id" => external_id: Text<'de> = shape::text(1, 255).example("customer-1001"),
        /// Key of the template. Send `template_key` or `template_id`, not both.
        "template_key" => template_key: Text<'de> = shape::text(1, 255).example("kyb_standard"),
        /// Id of the template. Use `template_key` instead.
        "template_id" => template_id: Text<'de> =
            shape::format("uuid").example("0198a000-0000-4000-8000-000000000101").deprecated(),
        /// Id of the user to whom the case is assigned. Not a suspended user.
        "assignee_id" => assignee_id: Text<'de> =
            shape::format("uuid").example("0198a000-0000-4000-8000-000000000301"),
        /// Slug of the space of the case.
        "space_slug" => space_slug: Text<'de> = shape::text(1, 255).example("space_Sandbox00001"),
        /// Up to 100 strings of your own, by key.
        "metadata" => metadata: Entries<'de, Text<'de>, METADATA_KEYS> = metadata_shape(),
        /// Values of the custom properties for cases, by key. `null` and `""` mean no value.
        "custom_properties" => custom_properties: PropertiesRequest<'de> =
            custom_properties::shape(),
        /// Tags of the workspace, by label (case-insensitive) or id. A repeated tag counts once.
        "tags" => tags: Items<Text<'de>, TAGS> =
            shape::list(shape::text(1, 100).example("VIP"), TAGS),
        /// Companies, in the order of the response. If there are any, exactly one has the type `main`.
        "companies" => companies: Items<Box<CompanyRequest<'de>>, ENTITIES> =
            shape::list(schema::item_in::<CompanyRequest<'_>>(Mode::Part), ENTITIES),
        /// Individuals, in the order of the response.
        "individuals" => individuals: Items<Box<IndividualRequest<'de>>, ENTITIES> =
            shape::list(schema::item_in::<IndividualRequest<'_>>(Mode::Part), ENTITIES),
        /// Creation time of the case in another system; by default the current time. Not in the future.
        "created_at" => created_at: Text<'de> =
            shape::format("date-time").example("2021-03-04T09:30:00Z"),
        /// Reviews of the case in another system, oldest first. The last one sets the status of the case.
        "reviews" => reviews: Items<ReviewRequest<'de>, REVIEWS> =
            shape::list(schema::item_in::<ReviewRequest<'_>>(Mode::Create), REVIEWS),
    }
}

/// The fields that only an item of a batch has: history from another system.
fn fields_of_other_modes(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Part => &[],
        Mode::Create | Mode::Update => &["created_at", "reviews"],
    }
}

impl CaseDraft {
    /// Parses a request and collects every error of types, values and relations. In [`Mode::Part`] it is an item of a
    /// batch, which can have a history.
    pub fn parse(body: Field<CaseRequest<'_>>, mode: Mode, now: DateTime<Utc>) -> Self {
        let mut violations = Violations::default();
        let several = match mode {
            Mode::Part => "Each case is one object.",
            Mode::Create | Mode::Update => SEVERAL,
        };
        let parse =
            |request: CaseRequest<'_>, scope: &mut Scope<'_>| request.parse(mode, scope, now);
        let mut draft = visit_item(body, several, &mut violations, parse);
        draft.violations = violations;
        draft
    }
}

impl CaseRequest<'_> {
    fn parse(mut self, mode: Mode, scope: &mut Scope<'_>, now: DateTime<Utc>) -> CaseDraft {
        self.refuse_unexpected(fields_of_other_modes(mode), scope);
        let companies_are_complete = is_complete(&self.companies);
        let name = scope.required(self.name(), name);
        let status = scope.strict(self.status(), |sent| initial_status(mode, sent));
        let external_id = scope.optional(self.external_id(), external_id);
        let two_templates = is_given(&self.template_key) && is_given(&self.template_id);
        let key = scope.optional(self.template_key(), template_key);
        let id = scope
            .optional(self.template_id(), uuid)
            .map(TemplateReference::Id);
        if two_templates {
            refuse_two_templates(scope);
        }
        let assignee_id = scope.optional(self.assignee_id(), uuid);
        let space_slug = scope.optional(self.space_slug(), text(255));
        let metadata = metadata(scope, self.metadata());
        let custom_properties = custom_properties::parse(self.custom_properties(), scope);
        let tags = tags(scope, self.tags());
        let mut companies: Vec<_> = list(scope, self.companies(), |sent, scope| {
            Some(sent.parse(Mode::Part, scope))
        })
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
        let mut individuals: Vec<_> = list(scope, self.individuals(), |sent, scope| {
            Some(sent.parse(Mode::Part, scope, now))
        })
        .into_iter()
        .map(Option::unwrap_or_default)
        .collect();
        let graph = Graph::resolve(
            &mut companies,
            companies_are_complete,
            &mut individuals,
            scope,
        );
        let history = history(self.created_at(), self.reviews(), status, scope, now);
        let reviewed = history.decisions.last().and_then(|it| it.status);
        CaseDraft {
            name,
            status: reviewed.or(status).unwrap_or(Status::Open),
            external_id,
            template: key.or(id),
            assignee_id,
            space_slug,
            metadata,
            custom_properties,
            tags,
            companies,
            individuals,
            graph,
            history,
            violations: Violations::default(),
        }
    }
}

/// Parses the history of a case. Refuses reviews that are not in chronological order.
fn history(
    created_at: NamedField<Text<'_>>,
    reviews: NamedField<Items<ReviewRequest<'_>, REVIEWS>>,
    status: Option<Status>,
    scope: &mut Scope<'_>,
    now: DateTime<Utc>,
) -> History {
    let created_at = scope.optional(created_at, |sent| past(sent, now));
    let name = reviews.name;
    let decisions = list(scope, reviews, |sent, scope| Some(sent.parse(now, scope)));
    let mut reviews = scope.key(name);
    let mut last = created_at;
    for (index, decision) in decisions.iter().enumerate() {
        let Some(decision) = decision else { continue };
        let at = decision.reviewed_at.unwrap_or(now);
        if last.is_some_and(|last| at < last) {
            let before = if index == 0 {
                "created_at of the case"
            } else {
                "the previous review"
            };
            let message = format!("This is before {before}. Send the oldest review first.");
            let fault = Fault::new(Code::ReviewOrder, message);
            reviews.index(index).key("reviewed_at").refuse(fault);
        }
        last = Some(at);
    }
    if status == Some(Status::Draft) && !decisions.is_empty() {
        let message = "A draft has no reviews. Omit status: the last review sets it.";
        let fault = Fault::new(Code::StatusTransition, message);
        scope.key("status").refuse(fault);
    }
    History {
        created_at,
        decisions: decisions.into_iter().flatten().collect(),
    }
}

/// Whether every item of a list was read. Otherwise a missing item is not an error.
fn is_complete<T, const LIMIT: usize>(list: &Field<Items<T, LIMIT>>) -> bool {
    match list {
        Field::Missing | Field::Null => true,
        Field::Value(items) => items.are_within_limit(),
        Field::Mismatch(_) => false,
    }
}

/// The status of a new case. A review sets the other statuses.
fn initial_status(mode: Mode, sent: &str) -> Result<Status, Fault> {
    if matches!(sent, "approved" | "rejected" | "closed") {
        let how = match mode {
            Mode::Part => "send the decision in reviews",
            Mode::Create | Mode::Update => "create it and then send POST /cases/{id}/reviews",
        };
        let message =
            format!("A case is created as draft or open. To record that it is {sent}, {how}.");
        return Err(Fault::new(Code::Choice, message).with_allowed(["draft", "open"]));
    }
    choice(sent, &STATUSES)
}

#[cfg(test)]
mod tests;
