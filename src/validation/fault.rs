//! What can be wrong with one value, without where it stands.

/// Machine-readable codes of faults. Clients branch on them, so a code never changes its meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    Required,
    Type,
    UnknownField,
    DuplicateKey,
    Length,
    Range,
    Choice,
    Format,
    Blank,
    Character,
    TooMany,
    Checksum,
    Country,
    DateInFuture,
    MutuallyExclusive,
    EmailRequired,
    DelegatorAndSignatory,
    MainCompanyMissing,
    MainCompanyRepeated,
    RefDuplicate,
    RefNotFound,
    RefNotACompany,
    RelationToSelf,
    RelationDuplicate,
    RelationConflict,
    RelationWithoutCompany,
    TemplateNotFound,
    AssigneeNotFound,
    AssigneeSuspended,
    TagNotFound,
    SpaceNotFound,
    CustomPropertyNotFound,
    CustomPropertyArchived,
    DuplicateValue,
    ExternalIdTaken,
    OutcomeUnknown,
    StatusTransition,
    RequiredByTemplate,
    CaseNotFound,
    CompanyNotFound,
    IndividualNotFound,
    ForbiddenDestination,
    Erased,
}

impl Code {
    /// The code as it stands in an answer.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Required => "required",
            Self::Type => "type",
            Self::UnknownField => "unknown_field",
            Self::DuplicateKey => "duplicate_key",
            Self::Length => "length",
            Self::Range => "range",
            Self::Choice => "choice",
            Self::Format => "format",
            Self::Blank => "blank",
            Self::Character => "character",
            Self::TooMany => "too_many",
            Self::Checksum => "checksum",
            Self::Country => "country",
            Self::DateInFuture => "date_in_future",
            Self::MutuallyExclusive => "mutually_exclusive",
            Self::EmailRequired => "email_required",
            Self::DelegatorAndSignatory => "delegator_and_signatory",
            Self::MainCompanyMissing => "main_company_missing",
            Self::MainCompanyRepeated => "main_company_repeated",
            Self::RefDuplicate => "ref_duplicate",
            Self::RefNotFound => "ref_not_found",
            Self::RefNotACompany => "ref_not_a_company",
            Self::RelationToSelf => "relation_to_self",
            Self::RelationDuplicate => "relation_duplicate",
            Self::RelationConflict => "relation_conflict",
            Self::RelationWithoutCompany => "relation_without_company",
            Self::TemplateNotFound => "template_not_found",
            Self::AssigneeNotFound => "assignee_not_found",
            Self::AssigneeSuspended => "assignee_suspended",
            Self::TagNotFound => "tag_not_found",
            Self::SpaceNotFound => "space_not_found",
            Self::CustomPropertyNotFound => "custom_property_not_found",
            Self::CustomPropertyArchived => "custom_property_archived",
            Self::DuplicateValue => "duplicate_value",
            Self::ExternalIdTaken => "external_id_taken",
            Self::OutcomeUnknown => "outcome_unknown",
            Self::StatusTransition => "status_transition",
            Self::RequiredByTemplate => "required_by_template",
            Self::CaseNotFound => "case_not_found",
            Self::IndividualNotFound => "individual_not_found",
            Self::ForbiddenDestination => "forbidden_destination",
            Self::Erased => "erased",
            Self::CompanyNotFound => "company_not_found",
        }
    }
}

/// One fault: what is wrong, what was found, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What programs read.
    pub code: Code,
    /// What people read.
    pub message: String,
    /// The one candidate that is clearly nearest to what was sent.
    pub suggestion: Option<String>,
    /// What could have stood here.
    pub allowed: Vec<String>,
    /// The case that is in the way.
    pub case_id: Option<String>,
}

impl Fault {
    /// A fault with neither suggestion nor allowed values.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            suggestion: None,
            allowed: Vec::new(),
            case_id: None,
        }
    }

    /// Another case of the workspace has the external id.
    pub fn external_id_taken(case_id: impl std::fmt::Display) -> Self {
        let message = format!("The case {case_id} has this external_id. Choose another.");
        Self {
            case_id: Some(case_id.to_string()),
            ..Self::new(Code::ExternalIdTaken, message)
        }
    }

    /// Something on an individual contradicts its relation to the main company.
    pub fn relation_conflict(field: &str) -> Self {
        let message = format!(
            "{field} differs from that of this individual's relation to the main company. Give it \
             once."
        );
        Self::new(Code::RelationConflict, message)
    }

    /// The same fault, with the nearest known name: in the message and for programs.
    #[must_use]
    pub fn suggesting(mut self, nearest: Option<String>) -> Self {
        if let Some(nearest) = nearest {
            self.message.push_str(&format!(" Did you mean {nearest}?"));
            self.suggestion = Some(nearest);
        }
        self
    }

    /// The same fault, with what could have stood here.
    #[must_use]
    pub fn allowing<S: Into<String>>(mut self, allowed: impl IntoIterator<Item = S>) -> Self {
        self.allowed = allowed.into_iter().map(Into::into).collect();
        self
    }
}
