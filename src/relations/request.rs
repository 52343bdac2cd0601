//! The relations of requests.

use smallvec::SmallVec;
use uuid::Uuid;

use super::{RelationDetails, Role, Roles};
use crate::schema::shape::{self, Shape};
use crate::validation::{
    Code, Fault, Field, Items, Mode, NamedField, Number, Object, Scope, Text, list,
};
use crate::values::{Percentage, PlainText, choice, length, uuid};
use crate::wire_object;

/// The most relations of one company or individual: one in each company of the case.
pub const RELATIONS: usize = 1_000;
/// The most relations of one case, so that every operation on it ends in time.
pub const RELATIONS_OF_CASE: usize = 20_000;
/// The most roles of a list. There are two, and neither may be repeated.
pub const ROLES: usize = 10;

wire_object! {
    /// A relation that this company or individual holds in a company.
    HeldRelationRequest except fields_of_other_modes {
        /// Share of the voting rights, in percent.
        "voting_rights_percentage" => voting_rights_percentage: Number = Percentage::shape(),
        /// Share of the ownership, in percent.
        "ownership_percentage" => ownership_percentage: Number = Percentage::shape(),
        /// Roles in the company, each once.
        "roles" => roles: Items<Text<'de>, ROLES> = roles_shape(),
        /// Position of the holder in the company, such as `CEO`.
        "position" => position: Text<'de> = shape::text(1, 1_000).example("CEO"),
        /// The `ref` of the company in which the relation is held; the main company if it is absent.
        "source_company_ref" => source_company_ref: Text<'de> =
            shape::text(1, 100).strict().example("acme"),
        /// The company in which the relation is held; the main company if it is absent.
        "to_company_id" => held_in: Text<'de> =
            shape::format("uuid").example("01a20c61-ea39-74ab-b086-7426e867c8aa"),
    }
}

/// The company in which a relation is held, as the request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The request names none: the main company.
    Main,
    /// The company with this ref.
    Ref(PlainText),
    /// The name is invalid and was refused.
    Refused,
}

/// A relation whose company is not resolved yet.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationDraft {
    pub source: Source,
    pub holding: RelationDetails,
}

/// A relation of a new company or individual of a stored case.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldRelation {
    /// `None` is the main company.
    pub to_company_id: Option<Uuid>,
    pub holding: RelationDetails,
}

/// How a company or individual belongs to its case. In a new case: its relations. In a stored case: the case, and its
/// relations in it.
#[derive(Debug, Clone, Default)]
pub struct RelationInputs {
    pub relations: Vec<Option<RelationDraft>>,
    pub case_id: Option<Uuid>,
    pub held: Vec<Option<HeldRelation>>,
}

impl RelationInputs {
    /// Parses the relations and refuses invalid ones. A change has none.
    pub fn parse(
        mode: Mode,
        case_id: NamedField<Text<'_>>,
        relations: NamedField<Items<HeldRelationRequest<'_>, RELATIONS>>,
        scope: &mut Scope<'_>,
    ) -> Self {
        match mode {
            Mode::Part | Mode::Update => Self {
                relations: list(scope, relations, HeldRelationRequest::parse),
                ..Self::default()
            },
            Mode::Create => Self {
                case_id: scope.required(case_id, uuid),
                held: list(scope, relations, HeldRelationRequest::parse_held),
                ..Self::default()
            },
        }
    }
}

impl HeldRelationRequest<'_> {
    /// Parses a relation of a new case and refuses its invalid fields.
    pub fn parse(mut self, scope: &mut Scope<'_>) -> Option<RelationDraft> {
        self.refuse_unexpected(fields_of_other_modes(Mode::Part), scope);
        let named = !matches!(self.source_company_ref, Field::Missing | Field::Null);
        let source = scope.strict(self.source_company_ref(), |sent| length(sent, 1, 100));
        Some(RelationDraft {
            source: match source {
                Some(name) => Source::Ref(name),
                None if named => Source::Refused,
                None => Source::Main,
            },
            holding: RelationDetails {
                voting_rights_percentage: percentage(scope, self.voting_rights_percentage()),
                ownership_percentage: percentage(scope, self.ownership_percentage()),
                roles: relation_roles(scope, self.roles()),
                position: scope.optional(self.position(), position),
            },
        })
    }

    /// Parses a relation in a stored case and refuses its invalid fields.
    pub fn parse_held(mut self, scope: &mut Scope<'_>) -> Option<HeldRelation> {
        self.refuse_unexpected(fields_of_other_modes(Mode::Create), scope);
        Some(HeldRelation {
            to_company_id: scope.optional(self.held_in(), uuid),
            holding: RelationDetails {
                voting_rights_percentage: percentage(scope, self.voting_rights_percentage()),
                ownership_percentage: percentage(scope, self.ownership_percentage()),
                roles: relation_roles(scope, self.roles()),
                position: scope.optional(self.position(), position),
            },
        })
    }
}

/// The fields that the object has only in other modes.
fn fields_of_other_modes(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Part => &["to_company_id"],
        Mode::Create | Mode::Update => &["source_company_ref"],
    }
}

/// The roles of a relation, by name.
pub const ROLE_NAMES: [(&str, Role); 2] = [
    ("legal_representative", Role::LegalRepresentative),
    ("shareholder", Role::Shareholder),
];

/// The schema of the roles of a relation.
pub fn roles_shape() -> Shape {
    shape::list(shape::words(ROLE_NAMES.map(|it| it.0)), ROLES)
}

/// The roles of a relation.
pub fn relation_roles(scope: &mut Scope<'_>, field: NamedField<Items<Text<'_>, ROLES>>) -> Roles {
    roles(scope, field, |role| choice(role, &ROLE_NAMES))
}

/// The position of a holder in a company.
///
/// # Errors
/// `length`.
pub fn position(sent: &str) -> Result<PlainText, Fault> {
    length(sent, 1, 1_000)
}

/// A percentage field.
pub fn percentage(scope: &mut Scope<'_>, field: NamedField<Number>) -> Option<Percentage> {
    let name = field.name;
    let number = scope.given(field)?;
    Percentage::parse(number)
        .map_err(|fault| scope.key(name).refuse(fault))
        .ok()
}

/// A list of distinct roles, each read by `parse`.
pub fn roles<T: PartialEq>(
    scope: &mut Scope<'_>,
    field: NamedField<Items<Text<'_>, ROLES>>,
    parse: impl Fn(&str) -> Result<T, Fault>,
) -> SmallVec<[T; 2]> {
    let name = field.name;
    let Some(items) = scope.given(field) else {
        return SmallVec::new();
    };
    let mut here = scope.key(name);
    let mut roles = SmallVec::new();
    for (index, item) in items.within_limit(&mut here).into_iter().enumerate() {
        let mut scope = here.index(index);
        let Some(text) = scope.item(item) else {
            continue;
        };
        let Some(role) = scope.parsed(&text, &parse) else {
            continue;
        };
        if roles.contains(&role) {
            let message = format!("The role {text} appears twice. Keep one of them.");
            scope.refuse(Fault::new(Code::DuplicateValue, message));
        } else {
            roles.push(role);
        }
    }
    roles
}
