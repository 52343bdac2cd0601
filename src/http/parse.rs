//! From the bytes of a body to what a request asks for, with everything that is wrong with it.

use bytes::Bytes;

use super::Problem;
use crate::validation::{
    Code, Fault, Field, Found, Malformed, Scope, Violations, Wire, sort_in_document_order,
};

/// What a body asks for, and what is wrong with it so far.
#[derive(Debug, Clone)]
pub struct Parsed<T> {
    pub value: T,
    violations: Violations,
    body: Bytes,
}

/// What a body asks for, walked once. Where it is no object, `walk` sees an empty one and what it
/// finds missing there is not listed.
pub fn visit_body<'de, W: Wire<'de> + Default, T>(
    body: Field<W>,
    violations: &mut Violations,
    walk: impl FnOnce(W, &mut Scope<'_>) -> T,
) -> T {
    visit_item(body, "Send one object.", violations, walk)
}

/// The same, which says `several` where an array was sent in place of the object.
pub fn visit_item<'de, W: Wire<'de> + Default, T>(
    body: Field<W>,
    several: &str,
    violations: &mut Violations,
    walk: impl FnOnce(W, &mut Scope<'_>) -> T,
) -> T {
    let found = match body {
        Field::Value(request) => return walk(request, &mut Scope::root(violations)),
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
        message.push_str(several);
    }
    Scope::root(violations).refuse(Fault::new(Code::Type, message));
    walk(W::default(), &mut Scope::root(&mut Violations::default()))
}

impl<T> Parsed<T> {
    /// Reads a body with `read`, which is [`crate::validation::read`] for one type of request.
    ///
    /// # Errors
    /// Only if the body is not JSON.
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

    /// A copy of what is wrong so far, to add to.
    pub fn violations(&self) -> Violations {
        self.violations.clone()
    }

    /// Everything that is wrong, in the order of the body; nothing, if nothing is.
    ///
    /// # Errors
    /// 400.
    pub fn refuse(&self, mut violations: Violations) -> Result<(), Problem> {
        if violations.is_empty() {
            return Ok(());
        }
        sort_in_document_order(&mut violations, &self.body);
        Err(Problem::Invalid(violations))
    }
}

/// Declares how the body of a write is read, which is heavy work where the body is large:
/// `parsed!(compute, body, Request<'_>, |request, scope| …)`.
#[macro_export]
macro_rules! parse_body {
    ($compute:expr, $body:expr, $request:ty, $walk:expr) => {
        $crate::parse_body!($compute, $body, $request, $walk, $crate::http::visit_body)
    };
    ($compute:expr, $body:expr, $request:ty, $walk:expr, $visit_body:expr) => {{
        let body: bytes::Bytes = $body;
        let size = body.len();
        match $compute.turn(size).await {
            Ok(turn) => turn.run(move || {
                $crate::http::Parsed::new(body, |body, violations| {
                    let field = $crate::validation::read::<$request>(body)?;
                    Ok($visit_body(field, violations, $walk))
                })
            }),
            Err(problem) => Err(problem),
        }
    }};
}
