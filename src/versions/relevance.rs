//! The request that sets whether a part of a case is relevant.

use crate::schema::shape;
use crate::validation::{Code, Fault, Field, Scope};
use crate::wire_object;

wire_object! {
    /// Whether a part of a case is relevant.
    RelevanceRequest {
        /// Whether the part is relevant.
        "is_relevant" => is_relevant: bool = shape::flag().required(),
    }
}

impl RelevanceRequest<'_> {
    /// Validates the request. Adds its errors to the scope.
    pub fn parse(mut self, scope: &mut Scope<'_>) -> bool {
        self.unknown_keys.refuse(scope, Self::KNOWN);
        if matches!(self.is_relevant, Field::Missing | Field::Null) {
            let message = "is_relevant is required: true or false.";
            let fault = Fault::new(Code::Required, message);
            scope.key("is_relevant").refuse(fault);
        }
        scope.given(self.is_relevant()).unwrap_or_default()
    }
}
