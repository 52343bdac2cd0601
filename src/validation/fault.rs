//! Errors of single values, without their location.

use super::Names;
use super::suggest::{Budget, UnknownName};

/// Declares the codes together with their names.
macro_rules! codes {
    ($($code:ident => $name:literal,)*) => {
        /// Machine-readable error codes. Clients branch on them, so a code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($code,)*
        }

        impl Code {
            /// The names of all codes.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The code as responses show it.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$code => $name,)*
                }
            }
        }
    };
}

codes! {
    Required => "required",
    Type => "type",
    UnknownField => "unknown_field",
    DuplicateKey => "duplicate_key",
    Length => "length",
    Range => "range",
    Choice => "choice",
    Format => "format",
    Blank => "blank",
    Character => "character",
    TooMany => "too_many",
    Checksum => "checksum",
    Country => "country",
    DateInFuture => "date_in_future",
    MutuallyExclusive => "mutually_exclusive",
    EmailRequired => "email_required",
    DelegatorAndSignatory => "delegator_and_signatory",
    MainCompanyMissing => "main_company_missing",
    MainCompanyRepeated => "main_company_repeated",
    RefDuplicate => "ref_duplicate",
    RefNotFound => "ref_not_found",
    RefNotACompany => "ref_not_a_company",
    RelationToSelf => "relation_to_self",
    RelationDuplicate => "relation_duplicate",
    RelationConflict => "relation_conflict",
    RelationWithoutCompany => "relation_without_company",
    TemplateNotFound => "template_not_found",
    AssigneeNotFound => "assignee_not_found",
    AssigneeSuspended => "assignee_suspended",
    TagNotFound => "tag_not_found",
    SpaceNotFound => "space_not_found",
    CustomPropertyNotFound => "custom_property_not_found",
    CustomPropertyArchived => "custom_property_archived",
    DuplicateValue => "duplicate_value",
    ExternalIdTaken => "external_id_taken",
    OutcomeUnknown => "outcome_unknown",
    StatusTransition => "status_transition",
    RequiredByTemplate => "required_by_template",
    ReviewOrder => "review_order",
    CaseNotFound => "case_not_found",
    CompanyNotFound => "company_not_found",
    IndividualNotFound => "individual_not_found",
    ForbiddenDestination => "forbidden_destination",
    Erased => "erased",
    WebhookDeleted => "webhook_deleted",
}

/// An error of one value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The code, for programs.
    pub code: Code,
    /// The message, for people, without the suggestion.
    message: String,
    /// The value that was probably meant.
    suggestion: Option<Suggestion>,
    /// The valid values.
    allowed: Names,
    /// The case that the value conflicts with.
    pub case_id: Option<String>,
}

/// The value that was probably meant by an invalid one.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Suggestion {
    /// This value.
    Value(String),
    /// The nearest of several names. It is searched for only if the fault is listed.
    Nearest(UnknownName),
}

/// A fault as a response shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// The message, with the suggestion.
    pub message: String,
    /// The value that is clearly nearest to the one that was sent.
    pub suggestion: Option<String>,
    /// The valid values, at most [`Fault::MAX_ALLOWED`].
    pub allowed: Vec<String>,
}

impl Fault {
    /// Maximum number of valid values that an error lists.
    pub const MAX_ALLOWED: usize = 100;

    /// Creates a fault without suggestion and allowed values.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            suggestion: None,
            allowed: Names::default(),
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

    /// `field` of an individual contradicts its relation to the main company.
    pub fn relation_conflict(field: &str) -> Self {
        let message = format!(
            "{field} differs from that of this individual's relation to the main company. Send it \
             once."
        );
        Self::new(Code::RelationConflict, message)
    }

    /// The holder already has a relation to the company. The sentence `existing` names that relation.
    pub fn relation_duplicate(existing: impl std::fmt::Display) -> Self {
        let message = format!(
            "{existing} A holder has one relation to a company. Merge both into it: all roles, both positions joined \
             in position, such as \"Director; Chair\", and the total percentages."
        );
        Self::new(Code::RelationDuplicate, message)
    }

    /// Sets the suggestion, if it is known.
    #[must_use]
    pub fn with_suggestion(mut self, value: Option<&str>) -> Self {
        self.suggestion = value.map(|value| Suggestion::Value(value.to_owned()));
        self
    }

    /// Suggests the candidate that is nearest to `sent`.
    #[must_use]
    pub fn with_candidates(mut self, sent: &str, candidates: impl Into<Names>) -> Self {
        self.suggestion = UnknownName::new(sent, candidates.into()).map(Suggestion::Nearest);
        self
    }

    /// Sets the valid values.
    #[must_use]
    pub fn with_allowed(mut self, allowed: impl Into<Names>) -> Self {
        self.allowed = allowed.into();
        self
    }

    /// The message without the suggestion.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Approximate memory of the fault, in bytes, without the names that it shares.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.message.len()
    }

    /// Returns the fault as a response shows it. Searches for the suggestion within the budget of the response.
    pub fn explain(&self, budget: &mut Budget) -> Explained {
        let suggestion = match &self.suggestion {
            Some(Suggestion::Value(value)) => Some(value.clone()),
            Some(Suggestion::Nearest(name)) => name.nearest(budget).map(str::to_owned),
            None => None,
        };
        let mut message = self.message.clone();
        if let Some(suggestion) = &suggestion {
            message.push_str(&format!(" Did you mean {suggestion}?"));
        }
        let allowed = self.allowed.iter().take(Self::MAX_ALLOWED);
        Explained {
            message,
            suggestion,
            allowed: allowed.map(str::to_owned).collect(),
        }
    }
}
