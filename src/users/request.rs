//! The request body of a user.

use crate::schema::Changed;
use crate::schema::shape;
use crate::validation::{Mode, Scope, Text};
use crate::values::{Email, not_blank};
use crate::wire_object;

wire_object! {
    /// A user of the workspace. Cases can be assigned to it.
    UserRequest {
        /// First name.
        "first_name" => first_name: Text<'de> =
            shape::text(1, 255).example("Ada").matching(r"\S").required(),
        /// Last name.
        "last_name" => last_name: Text<'de> =
            shape::text(1, 255).example("Lovelace").matching(r"\S").required(),
        /// E-mail address, unique in the workspace.
        "email" => email: Text<'de> = Email::shape().required(),
        /// Role of the user: any string.
        "role" => role: Text<'de> = shape::text(1, 100).example("analyst").matching(r"\S"),
        /// Whether the user is suspended: no further cases are assigned to a suspended user.
        "suspended" => suspended: bool = shape::flag(),
    }
}

/// The schema of an update, for the OpenAPI document.
pub type UserUpdateRequest = Changed<UserRequest<'static>>;

/// The parsed fields of a user. In a create without errors, the names and the address are present.
#[derive(Debug, Clone)]
pub struct UserDraft {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<Email>,
    pub role: Option<String>,
    pub suspended: Option<bool>,
}

impl UserRequest<'_> {
    /// Parses the fields and adds each error to `scope`.
    pub fn parse(mut self, mode: Mode, scope: &mut Scope<'_>) -> UserDraft {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        UserDraft {
            first_name: scope.required_in(mode, self.first_name(), not_blank(255)),
            last_name: scope.required_in(mode, self.last_name(), not_blank(255)),
            email: scope.required_in(mode, self.email(), Email::parse),
            role: scope.optional(self.role(), not_blank(100)),
            suspended: scope.given(self.suspended()),
        }
    }
}
