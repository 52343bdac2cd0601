//! What can be wrong with one value, without where it stands.

use super::Names;
use super::suggest::{Budget, Misspelt};

/// Declares the codes with their names, so that each stands in one place.
macro_rules! codes {
    ($($code:ident => $name:literal,)*) => {
        /// Machine-readable codes of faults. Clients branch on them, so a code never changes its meaning.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($code,)*
        }

        impl Code {
            /// All of them, as they stand in an answer.
            pub const NAMES: &'static [&'static str] = &[$($name),*];

            /// The code as it stands in an answer.
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

/// One fault: what is wrong, what was found, what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What programs read.
    pub code: Code,
    /// What people read, but for the suggestion.
    message: String,
    /// What was meant.
    meant: Option<Meant>,
    /// The values that are valid here.
    allowed: Names,
    /// The case that is in the way.
    pub case_id: Option<String>,
}

/// What was meant by a value that is not valid.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Meant {
    /// This.
    Value(String),
    /// Whatever is nearest, which is looked for only if the fault is listed.
    Nearest(Misspelt),
}

/// A fault as people and programs read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Explained {
    /// What is wrong, what was found, what to do.
    pub message: String,
    /// The one value that is clearly nearest to what was sent.
    pub suggestion: Option<String>,
    /// The values that are valid here, up to [`Fault::ALLOWED`].
    pub allowed: Vec<String>,
}

impl Fault {
    /// How many valid values an error lists at the most.
    pub const ALLOWED: usize = 100;

    /// A fault with neither suggestion nor allowed values.
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            meant: None,
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

    /// Something on an individual contradicts its relation to the main company.
    pub fn relation_conflict(field: &str) -> Self {
        let message = format!(
            "{field} differs from that of this individual's relation to the main company. Give it \
             once."
        );
        Self::new(Code::RelationConflict, message)
    }

    /// A holder has another relation to the company already, which `there` tells.
    pub fn relation_duplicate(there: impl std::fmt::Display) -> Self {
        let message = format!(
            "{there} A holder has one relation to a company. Put both into it: the roles of both together, \
             their positions joined in position, such as \"Director; Chair\", and the percentages that are held in \
             all."
        );
        Self::new(Code::RelationDuplicate, message)
    }

    /// The same fault, with the value that was meant where that is known.
    #[must_use]
    pub fn meaning(mut self, value: Option<&str>) -> Self {
        self.meant = value.map(|value| Meant::Value(value.to_owned()));
        self
    }

    /// The same fault, which suggests the nearest of some names to what was sent.
    #[must_use]
    pub fn suggesting(mut self, sent: &str, candidates: impl Into<Names>) -> Self {
        self.meant = Misspelt::new(sent, candidates.into()).map(Meant::Nearest);
        self
    }

    /// The same fault, with the values that are valid here.
    #[must_use]
    pub fn allowing(mut self, allowed: impl Into<Names>) -> Self {
        self.allowed = allowed.into();
        self
    }

    /// What is wrong, what was found, what to do; without a suggestion.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// How much memory the fault takes for itself, roughly, in bytes.
    pub(super) fn size(&self) -> usize {
        size_of::<Self>() + self.message.len()
    }

    /// The fault as a response shows it. Its suggestion is worked out here, at the cost of the budget
    /// of the response.
    pub fn explain(&self, budget: &mut Budget) -> Explained {
        let suggestion = match &self.meant {
            Some(Meant::Value(value)) => Some(value.clone()),
            Some(Meant::Nearest(misspelt)) => misspelt.nearest(budget).map(str::to_owned),
            None => None,
        };
        let mut message = self.message.clone();
        if let Some(suggestion) = &suggestion {
            message.push_str(&format!(" Did you mean {suggestion}?"));
        }
        let allowed = self.allowed.iter().take(Self::ALLOWED);
        Explained {
            message,
            suggestion,
            allowed: allowed.map(str::to_owned).collect(),
        }
    }
}
