//! Users as they may arrive.

use crate::validation::{Mode, Scope, Text};
use crate::values::{Email, not_blank};
use crate::wire_object;

wire_object! {
    /// A user as it may arrive.
    UserRequest {
        "first_name" => first_name: Text<'de>,
        "last_name" => last_name: Text<'de>,
        "email" => email: Text<'de>,
        "role" => role: Text<'de>,
        "suspended" => suspended: bool,
    }
}

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
    pub fn parse(self, mode: Mode, scope: &mut Scope<'_>) -> UserDraft {
        self.strays.refuse(scope, Self::KNOWN);
        UserDraft {
            first_name: scope.required_in(mode, self.first_name, not_blank(255)),
            last_name: scope.required_in(mode, self.last_name, not_blank(255)),
            email: scope.required_in(mode, self.email, Email::parse),
            role: scope.optional(self.role, not_blank(100)),
            suspended: scope.given(self.suspended),
        }
    }
}
