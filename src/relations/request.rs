//! Relations as they may arrive inside a case.

use smallvec::SmallVec;
use uuid::Uuid;

use super::{RelationDetails, Role, Roles};
use crate::schema::shape::{self, Shape};
use crate::validation::{
    Code, Fault, Field, Items, Mode, NamedField, Number, Object, Scope, Text, list,
};
use crate::values::{Percentage, PlainText, choice, length, uuid};
use crate::wire_object;

/// The most relations of one entity: one to each company that a case can have.
pub const RELATIONS: usize = 1_000;
/// The most relations of one case, however they come to it: every operation on a case ends in time.
pub const RELATIONS_OF_CASE: usize = 20_000;
/// The most roles that can be listed; the two that exist cannot be repeated.
pub const ROLES: usize = 10;

wire_object! {
    /// A relation of the company or individual that it stands in: what that holds in a company.
    HeldRelationRequest except fields_of_other_modes {
        /// Part of the votes, in percent.
        "voting_rights_percentage" => voting_rights_percentage: Number = Percentage::shape(),
        /// Part of the shares, in percent.
        "ownership_percentage" => ownership_percentage: Number = Percentage::shape(),
        /// Roles in the company, each once.
        "roles" => roles: Items<Text<'de>, ROLES> = roles_shape(),
        /// What the holder is called there.
        "position" => position: Text<'de> = shape::text(1, 1_000).example("CEO"),
        /// The `ref` of the company in which it is held; without it, the main company.
        "source_company_ref" => source_company_ref: Text<'de> =
            shape::text(1, 100).strict().example("acme"),
        /// The company in which it is held; without it, the main company.
        "to_company_id" => held_in: Text<'de> =
            shape::format("uuid").example("01a20c61-ea39-74ab-b086-7426e867c8aa"),
    }
}

/// The company in which a relation is held, as the request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// None is named: the main company.
    Main,
    /// The company with this ref.
    Ref(PlainText),
    /// Something was named that cannot be a ref, and has been refused.
    Refused,
}

/// A relation whose company is not resolved yet.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationDraft {
    pub source: Source,
    pub holding: RelationDetails,
}

/// A relation of a new entity of a stored case.
#[derive(Debug, Clone, PartialEq)]
pub struct HeldRelation {
    /// None is the main company.
    pub to_company_id: Option<Uuid>,
    pub holding: RelationDetails,
}

/// What binds an entity to its case: of a part of a case its relations, of a new entity of a stored
/// case that case and the relations in it.
#[derive(Debug, Clone, Default)]
pub struct RelationInputs {
    pub relations: Vec<Option<RelationDraft>>,
    pub case_id: Option<Uuid>,
    pub held: Vec<Option<HeldRelation>>,
}

impl RelationInputs {
    /// The bonds of an entity, their faults refused at their places. A change has none.
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
    /// The relation inside a case, its faults refused at their places.
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

    /// The relation of a new entity of a stored case, its faults refused at their places.
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

/// The members that the same object has in other requests alone.
fn fields_of_other_modes(mode: Mode) -> &'static [&'static str] {
    match mode {
        Mode::Part => &["to_company_id"],
        Mode::Create | Mode::Update => &["source_company_ref"],
    }
}

/// The roles of a relation by their names.
pub const ROLE_NAMES: [(&str, Role); 2] = [
    ("legal_representative", Role::LegalRepresentative),
    ("shareholder", Role::Shareholder),
];

/// What a field that holds the roles of a relation may be.
pub fn roles_shape() -> Shape {
    shape::list(shape::words(ROLE_NAMES.map(|it| it.0)), ROLES)
}

/// The roles of a relation.
pub fn relation_roles(scope: &mut Scope<'_>, field: NamedField<Items<Text<'_>, ROLES>>) -> Roles {
    roles(scope, field, |role| choice(role, &ROLE_NAMES))
}

/// What somebody is called in a company.
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
        let mut place = here.index(index);
        let Some(text) = place.item(item) else {
            continue;
        };
        let Some(role) = place.parsed(&text, &parse) else {
            continue;
        };
        if roles.contains(&role) {
            let message = format!("The role {text} appears twice. Keep one of them.");
            place.refuse(Fault::new(Code::DuplicateValue, message));
        } else {
            roles.push(role);
        }
    }
    roles
}
