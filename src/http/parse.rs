//! Parsing of bodies, with all of their errors.

use bytes::Bytes;

use super::Problem;
use crate::validation::{
    Code, Fault, Field, Found, Malformed, Scope, Violations, Wire, sort_in_document_order,
};

/// A parsed body, with its errors so far.
#[derive(Debug, Clone)]
pub struct Parsed<T> {
    pub value: T,
    violations: Violations,
    body: Bytes,
}

/// Visits the object of a body. If the body is not an object, adds one error, and visits an empty object whose errors
/// are dropped.
pub fn visit_body<'de, W: Wire<'de> + Default, T>(
    body: Field<W>,
    violations: &mut Violations,
    visit: impl FnOnce(W, &mut Scope<'_>) -> T,
) -> T {
    visit_item(body, "Send one object.", violations, visit)
}

/// Like [`visit_body`], with `array_hint` in the message if the body is an array.
pub fn visit_item<'de, W: Wire<'de> + Default, T>(
    body: Field<W>,
    array_hint: &str,
    violations: &mut Violations,
    visit: impl FnOnce(W, &mut Scope<'_>) -> T,
) -> T {
    let found = match body {
        Field::Value(request) => return visit(request, &mut Scope::root(violations)),
        Field::Mismatch(found) => found,
        Field::Missing | Field::Null => Found::Null,
    };
    let mut message = format!(
        "The body must be {}; {} was found.",
        W::EXPECTED,
        found.as_str()
    );
    if found == Found::Array {
        message.push(' ');
        message.push_str(array_hint);
    }
    Scope::root(violations).refuse(Fault::new(Code::Type, message));
    visit(W::default(), &mut Scope::root(&mut Violations::default()))
}

impl<T> Parsed<T> {
    /// Parses a body with `read`, which calls [`crate::validation::read`] for one type of request.
    ///
    /// # Errors
    /// Returns [`Problem::Malformed`] (400) if the body is not JSON.
    pub fn new(
        body: Bytes,
        read: impl for<'de> FnOnce(&'de [u8], &mut Violations) -> Result<T, Malformed>,
    ) -> Result<Self, Problem> {
        let mut violations = Violations::default();
        let value = read(&body, &mut violations).map_err(Problem::Malformed)?;
        Ok(Self {
            value,
            violations,
            body,
        })
    }

    /// A copy of the errors so far, to add further errors.
    pub fn violations(&self) -> Violations {
        self.violations.clone()
    }

    /// Refuses the body if there are violations.
    ///
    /// # Errors
    /// Returns [`Problem::Invalid`] (400) with the violations in the order of the body.
    pub fn refuse(&self, mut violations: Violations) -> Result<(), Problem> {
        if violations.is_empty() {
            return Ok(());
        }
        sort_in_document_order(&mut violations, &self.body);
        Err(Problem::Invalid(violations))
    }
}

/// Parses the body of a write, as heavy work if it is large:
/// `parse_body!(compute, body, Request<'_>, |request, scope| …)`.
#[macro_export]
macro_rules! parse_body {
    ($compute:expr, $body:expr, $request:ty, $visit:expr) => {
        $crate::parse_body!($compute, $body, $request, $visit, $crate::http::visit_body)
    };
    ($compute:expr, $body:expr, $request:ty, $visit:expr, $visit_body:expr) => {{
        let body: bytes::Bytes = $body;
        let size = body.len();
        match $compute.turn(size).await {
            Ok(turn) => turn.run(move || {
                $crate::http::Parsed::new(body, |body, violations| {
                    let field = $crate::validation::read::<$request>(body)?;
                    Ok($visit_body(field, violations, $visit))
                })
            }),
            Err(problem) => Err(problem),
        }
    }};
}
