//! Users as they may arrive.

use crate::schema::Changed;
use crate::schema::shape;
use crate::validation::{Mode, Scope, Text};
use crate::values::{Email, not_blank};
use crate::wire_object;

wire_object! {
    /// A person of the workspace, to whom cases can be assigned.
    UserRequest {
        /// First name.
        "first_name" => first_name: Text<'de> =
            shape::text(1, 255).example("Ada").matching(r"\S").required(),
        /// Last name.
        "last_name" => last_name: Text<'de> =
            shape::text(1, 255).example("Lovelace").matching(r"\S").required(),
        /// E-mail address; no two users have the same.
        "email" => email: Text<'de> = Email::shape().required(),
        /// What the user does, in the workspace's own words.
        "role" => role: Text<'de> = shape::text(1, 100).example("analyst").matching(r"\S"),
        /// Whether cases are no longer assigned to the user.
        "suspended" => suspended: bool = shape::flag(),
    }
}

/// The same as a change, for the reference.
pub type UserUpdateRequest = Changed<UserRequest<'static>>;

/// What a request says of a user. For a new one, the names and the address are there.
#[derive(Debug, Clone)]
pub struct UserDraft {
    pub first_name: Option<String>,
    pub last_name: Option<String>,
    pub email: Option<Email>,
    pub role: Option<String>,
    pub suspended: Option<bool>,
}

impl UserRequest<'_> {
    /// The user, its faults refused at their places.
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
