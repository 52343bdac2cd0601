//! Setting whether a part of a case is relevant.

use axum::http::StatusCode;
use axum::response::Response;
use bytes::Bytes;
use uuid::Uuid;

use super::part::{CasePart, lock_case_of, read};
use crate::http::Problem;
use crate::parse_body;
use crate::schema::shape;
use crate::validation::{Code, Fault, Field, Scope};
use crate::versions::{IfMatch, touch};
use crate::wire_object;
use crate::writes::{Outcome, Write};

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

/// Sets whether a part is relevant. The response to `GET /cases/{id}` omits a part that is not.
///
/// # Errors
/// Returns a problem with the status 400 for an invalid body, and the problems of [`lock_case_of`] and of [`Write::run`].
pub async fn set_relevant<P: CasePart>(
    write: Write,
    id: Uuid,
    if_match: IfMatch,
    body: Bytes,
) -> Result<Response, Problem> {
    let request = parse_body!(
        write.compute,
        body.clone(),
        RelevanceRequest<'_>,
        RelevanceRequest::parse
    )?;
    let input = (write.workspace_id, id, if_match, request, write.now);
    let set = write.run(&body, input, |connection, input| {
        Box::pin(async move {
            let (workspace_id, id, if_match, request, now) = &*input;
            let case = lock_case_of::<P>(connection, *workspace_id, *id, if_match).await?;
            request.refuse(request.violations())?;
            let mut part: P = read(connection, *workspace_id, *id).await?;
            part.set_relevant(request.value, *now);
            part.save(connection, *workspace_id).await?;
            part.set_version(touch(connection, *workspace_id, case.id, *now).await?);
            let (activity, event) = match request.value {
                true => P::RELEVANT,
                false => P::NOT_RELEVANT,
            };
            let change = part.change(activity).with_event(event);
            Ok(Outcome::from(part.response(StatusCode::OK)?).change(change))
        })
    });
    set.await
}
