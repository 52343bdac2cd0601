//! The names of events and activities, as in the published API.

/// The name of an event, and of the kind of update if it is one (`Case.Updated`, `Case.InfoUpdated`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Event {
    pub name: &'static str,
    pub sub: Option<&'static str>,
}

impl Event {
    pub const CASE_CREATED: Self = Self::new("Case.Created");
    pub const CASE_DELETED: Self = Self::new("Case.Deleted");
    pub const CASE_REVIEW_CONFIRMED: Self = Self::new("Case.ReviewConfirmed");
    pub const CASE_INFO_UPDATED: Self = Self::update("Case.Updated", "Case.InfoUpdated");
    pub const CASE_STATUS_UPDATED: Self = Self::update("Case.Updated", "Case.StatusUpdated");
    pub const CASE_TEMPLATE_UPDATED: Self = Self::update("Case.Updated", "Case.TemplateUpdated");
    pub const CASE_ASSIGNEE_UPDATED: Self = Self::update("Case.Updated", "Case.AssigneeUpdated");
    pub const CASE_METADATA_UPDATED: Self = Self::update("Case.Updated", "Case.MetadataUpdated");
    pub const CASE_TAGS_UPDATED: Self = Self::update("Case.Updated", "Case.TagsUpdated");
    pub const COMPANY_CREATED: Self = Self::new("Company.Created");
    pub const COMPANY_DELETED: Self = Self::new("Company.Deleted");
    pub const COMPANY_INFO_UPDATED: Self = Self::update("Company.Updated", "Company.InfoUpdated");
    pub const COMPANY_RELEVANT: Self = Self::update("Company.Updated", "Company.MarkedAsRelevant");
    pub const COMPANY_NOT_RELEVANT: Self =
        Self::update("Company.Updated", "Company.MarkedAsNotRelevant");
    pub const INDIVIDUAL_CREATED: Self = Self::new("Individual.Created");
    pub const INDIVIDUAL_DELETED: Self = Self::new("Individual.Deleted");
    pub const INDIVIDUAL_INFO_UPDATED: Self =
        Self::update("Individual.Updated", "Individual.InfoUpdated");
    pub const INDIVIDUAL_RELEVANT: Self =
        Self::update("Individual.Updated", "Individual.MarkedAsRelevant");
    pub const INDIVIDUAL_NOT_RELEVANT: Self =
        Self::update("Individual.Updated", "Individual.MarkedAsNotRelevant");

    /// All events that this server sends, grouped by name.
    pub const ALL: &'static [Self] = &[
        Self::CASE_CREATED,
        Self::CASE_DELETED,
        Self::CASE_REVIEW_CONFIRMED,
        Self::CASE_INFO_UPDATED,
        Self::CASE_STATUS_UPDATED,
        Self::CASE_TEMPLATE_UPDATED,
        Self::CASE_ASSIGNEE_UPDATED,
        Self::CASE_METADATA_UPDATED,
        Self::CASE_TAGS_UPDATED,
        Self::COMPANY_CREATED,
        Self::COMPANY_DELETED,
        Self::COMPANY_INFO_UPDATED,
        Self::COMPANY_RELEVANT,
        Self::COMPANY_NOT_RELEVANT,
        Self::INDIVIDUAL_CREATED,
        Self::INDIVIDUAL_DELETED,
        Self::INDIVIDUAL_INFO_UPDATED,
        Self::INDIVIDUAL_RELEVANT,
        Self::INDIVIDUAL_NOT_RELEVANT,
    ];

    const fn new(name: &'static str) -> Self {
        Self { name, sub: None }
    }

    const fn update(name: &'static str, sub: &'static str) -> Self {
        let sub = Some(sub);
        Self { name, sub }
    }

    /// Whether a subscription to `name` includes this event.
    pub fn matches(self, name: &str) -> bool {
        self.name == name || self.sub == Some(name)
    }
}

/// All events that a webhook can subscribe to. This server never sends some of them; they are accepted because existing
/// clients subscribe to them.
pub const EVENTS: &[&str] = &[
    "AutonomyChatRun.Completed",
    "AutonomyChatRun.Failed",
    "Case.AssigneeUpdated",
    "Case.ClientPortalWaitStepTriggered",
    "Case.ContactHasActionsUpdated",
    "Case.Created",
    "Case.Deleted",
    "Case.FlagsUpdated",
    "Case.InfoUpdated",
    "Case.MetadataUpdated",
    "Case.ReviewConfirmed",
    "Case.ReviewDue",
    "Case.ReviewUpdated",
    "Case.ReviewerHasActionsUpdated",
    "Case.RiskUpdated",
    "Case.StatusUpdated",
    "Case.TagsUpdated",
    "Case.TemplateUpdated",
    "Case.Updated",
    "CaseReport.Generated",
    "Check.Approved",
    "Check.Deleted",
    "Check.Expired",
    "Check.Rejected",
    "Check.ReviewNeeded",
    "Check.Started",
    "Company.Created",
    "Company.Deleted",
    "Company.InfoUpdated",
    "Company.MarkedAsNotRelevant",
    "Company.MarkedAsRelevant",
    "Company.Updated",
    "DocumentOrder.Completed",
    "DocumentOrder.Failed",
    "Individual.Created",
    "Individual.Deleted",
    "Individual.InfoUpdated",
    "Individual.MarkedAsNotRelevant",
    "Individual.MarkedAsRelevant",
    "Individual.Updated",
    "Note.Created",
    "Note.Deleted",
    "Note.Updated",
    "NoteComment.Created",
    "NoteComment.Deleted",
    "NoteComment.Updated",
];

/// All activity types that a list can be filtered by. This server never creates some of them.
pub const ACTIVITIES: &[&str] = &[
    "api__created__case",
    "contact__created__case",
    "user__created__case",
    "api__updated_info__case",
    "contact__updated_info__case",
    "user__updated_info__case",
    "api__updated_status__case",
    "user__updated_status__case",
    "system__updated_status__case",
    "api__updated_template__case",
    "user__updated_template__case",
    "system__updated_template__case",
    "api__updated_assignee__case",
    "user__updated_assignee__case",
    "system__updated_assignee__case",
    "user__transferred_from_workspace__case",
    "api__assigned__case__to_space",
    "user__assigned__case__to_space",
    "contact__assigned__case__to_space",
    "api__updated_metadata__case",
    "contact__updated_metadata__case",
    "user__updated_metadata__case",
    "api__updated_risk__case",
    "user__updated_risk__case",
    "system__updated_risk__case",
    "system__updated_review__case",
    "user__updated_review__case",
    "api__confirmed_review__case",
    "system__confirmed_review__case",
    "user__confirmed_review__case",
    "api__deleted__case",
    "user__deleted__case",
    "api__added_tags__case",
    "user__added_tags__case",
    "system__added_tags__case",
    "api__removed_tags__case",
    "user__removed_tags__case",
    "system__added__case_control",
    "system__removed__case_control",
    "api__updated__case_relation",
    "contact__updated__case_relation",
    "user__updated__case_relation",
    "user__sent__communication",
    "system__sent__communication",
    "system__received__communication",
    "api__created__individual",
    "contact__created__individual",
    "user__created__individual",
    "api__updated__individual",
    "contact__updated__individual",
    "user__updated__individual",
    "api__marked_as_relevant__individual",
    "user__marked_as_relevant__individual",
    "api__marked_as_not_relevant__individual",
    "contact__marked_as_not_relevant__individual",
    "user__marked_as_not_relevant__individual",
    "contact__sent_collaboration_email__individual",
    "api__deleted__individual",
    "user__deleted__individual",
    "api__created__company",
    "contact__created__company",
    "user__created__company",
    "api__updated__company",
    "contact__updated__company",
    "user__updated__company",
    "api__marked_as_relevant__company",
    "user__marked_as_relevant__company",
    "api__marked_as_not_relevant__company",
    "contact__marked_as_not_relevant__company",
    "user__marked_as_not_relevant__company",
    "api__deleted__company",
    "user__deleted__company",
    "user__purchased__company_data",
    "api__started__check",
    "contact__started__check",
    "user__started__check",
    "system__started__check",
    "system__rolled_back__check",
    "api__set_review_needed__check",
    "contact__set_review_needed__check",
    "system__set_review_needed__check",
    "api__approved__check",
    "user__approved__check",
    "system__approved__check",
    "api__rejected__check",
    "user__rejected__check",
    "system__rejected__check",
    "api__enabled_monitoring__check",
    "user__enabled_monitoring__check",
    "api__disabled_monitoring__check",
    "user__disabled_monitoring__check",
    "system__disabled_monitoring__check",
    "system__expired__check",
    "end_user__started_flow__check",
    "end_user__finished_flow__check",
    "user__deleted__check",
    "api__deleted__check",
    "api__ignored__aml_hit",
    "user__ignored__aml_hit",
    "api__confirmed__aml_hit",
    "user__confirmed__aml_hit",
    "system__recreated_search__aml_data",
    "user__acknowledged__company_monitoring_alert",
    "user__run__template",
    "api__run__template",
    "contact__completed_forms__client_portal",
    "contact__completed_checks__client_portal",
    "user__mark_as_completed__case_control",
    "system__mark_as_completed__case_control",
    "user__mark_as_uncompleted__case_control",
    "system__mark_as_uncompleted__case_control",
];
