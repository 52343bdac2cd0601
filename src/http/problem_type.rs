//! The types of problem documents.

use axum::http::StatusCode;

/// The type of a problem document (RFC 9457, section 3.1.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProblemType {
    InvalidParameters,
    MalformedBody,
    MalformedFraming,
    Unauthorized,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    PayloadTooLarge,
    UnsupportedMediaType,
    ExternalIdTaken,
    Conflict,
    RequestInProgress,
    ResponseErased,
    PreconditionFailed,
    WeakEntityTag,
    IdempotencyKeyReused,
    InternalError,
    Unavailable,
    TimedOut,
    OutOfResources,
    ReadOnly,
    Busy,
    NotMigrated,
    OutcomeUnknown,
    RateLimited,
    Overloaded,
    Stopping,
    UnsupportedContentEncoding,
}

impl ProblemType {
    /// All of them.
    pub const ALL: [Self; 28] = [
        Self::InvalidParameters,
        Self::MalformedBody,
        Self::MalformedFraming,
        Self::Unauthorized,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::ExternalIdTaken,
        Self::Conflict,
        Self::RequestInProgress,
        Self::ResponseErased,
        Self::PreconditionFailed,
        Self::WeakEntityTag,
        Self::IdempotencyKeyReused,
        Self::InternalError,
        Self::Unavailable,
        Self::TimedOut,
        Self::OutOfResources,
        Self::ReadOnly,
        Self::Busy,
        Self::NotMigrated,
        Self::OutcomeUnknown,
        Self::RateLimited,
        Self::Overloaded,
        Self::Stopping,
        Self::UnsupportedContentEncoding,
    ];

    /// Its status, its name under `/problems/`, its title and its remedy.
    #[expect(
        clippy::too_many_lines,
        reason = "a table with one entry for each type"
    )]
    pub fn parts(self) -> (StatusCode, &'static str, &'static str, &'static str) {
        match self {
            Self::InvalidParameters => (
                StatusCode::BAD_REQUEST,
                "invalid-parameters",
                "The request has invalid parameters",
                "Each entry of errors names a place in the body and what to change there.",
            ),
            Self::MalformedBody => (
                StatusCode::BAD_REQUEST,
                "malformed-body",
                "The body is not JSON",
                "Correct the JSON at the line and column that detail names.",
            ),
            Self::MalformedFraming => (
                StatusCode::BAD_REQUEST,
                "malformed-framing",
                "The framing of the body is malformed",
                "Nothing was stored. Send as many bytes as Content-Length says, or well-formed chunks \
                 up to the last one, and do not close the connection before.",
            ),
            Self::Unauthorized => (
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "A valid API key is needed",
                "Send one key of the workspace, as Authorization: Bearer KEY or X-API-Key: KEY.",
            ),
            Self::NotFound => (
                StatusCode::NOT_FOUND,
                "not-found",
                "There is nothing here",
                "Check the path and the id; the key's workspace is the only one that is searched.",
            ),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method-not-allowed",
                "This path does not take this method",
                "Use one of the methods that the Allow header lists.",
            ),
            Self::RequestTimeout => (
                StatusCode::REQUEST_TIMEOUT,
                "request-timeout",
                "The body did not arrive in time",
                "Nothing was stored. Send the request again.",
            ),
            Self::PayloadTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload-too-large",
                "The body is too large",
                "Nothing was stored. Send a smaller body.",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-media-type",
                "The body must be JSON in UTF-8",
                "Send Content-Type: application/json.",
            ),
            Self::ExternalIdTaken => (
                StatusCode::CONFLICT,
                "external-id-taken",
                "Another case has this external_id",
                "Read the case that case_id names, or choose another external_id.",
            ),
            Self::Conflict => (
                StatusCode::CONFLICT,
                "conflict",
                "This does not follow from what is there",
                "Read what is there; errors says which step is missing.",
            ),
            Self::RequestInProgress => (
                StatusCode::CONFLICT,
                "request-in-progress",
                "A request with this Idempotency-Key is still running",
                "Send it again, with the same key, after the time that Retry-After names.",
            ),
            Self::ResponseErased => (
                StatusCode::GONE,
                "answer-erased",
                "What this request made was deleted since",
                "Nothing was stored now. To make it anew, send the request with another \
                 Idempotency-Key.",
            ),
            Self::PreconditionFailed => (
                StatusCode::PRECONDITION_FAILED,
                "precondition-failed",
                "Somebody else has changed this case",
                "Nothing was changed. Read the case again, and send what you want of it with the \
                 ETag of that answer as If-Match.",
            ),
            Self::WeakEntityTag => (
                StatusCode::PRECONDITION_FAILED,
                "weak-entity-tag",
                "If-Match names a weak entity tag",
                "Nothing was changed. A weak tag (W/ before the quotes) never matches; a proxy that compresses \
                 responses makes tags weak. Send the tag without W/, or let the proxy leave responses as they are.",
            ),
            Self::IdempotencyKeyReused => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency-key-reused",
                "This Idempotency-Key belongs to another request",
                "Nothing was stored. Path or body differ from those of the first request with this \
                 key: send that one again, or choose a new key for this one.",
            ),
            Self::InternalError => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal-error",
                "Something went wrong here",
                "The fault is ours. Report it with the request id.",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "The database cannot be reached",
                "Nothing was stored. Try again after the time that Retry-After names.",
            ),
            Self::ReadOnly => (
                StatusCode::SERVICE_UNAVAILABLE,
                "read-only",
                "The database is read-only at the moment",
                "Nothing was stored. Try again after the time that Retry-After names.",
            ),
            Self::TimedOut => (
                StatusCode::SERVICE_UNAVAILABLE,
                "timed-out",
                "The database did not finish in time",
                "Nothing was stored. Try again after the time that Retry-After names; a request that \
                 fails each time needs a longer DOSSIER_REQUEST_TIMEOUT, or is better sent in parts.",
            ),
            Self::OutOfResources => (
                StatusCode::SERVICE_UNAVAILABLE,
                "out-of-resources",
                "The database has no disk space, memory or connections left",
                "Nothing was stored. Try again after the time that Retry-After names; the operator \
                 must make room.",
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "busy",
                "Other requests are writing the same",
                "Nothing was stored. Try again after the time that Retry-After names.",
            ),
            Self::NotMigrated => (
                StatusCode::SERVICE_UNAVAILABLE,
                "not-migrated",
                "The schema of the database is not up to date",
                "Run dossier migrate, or start a server with DOSSIER_MIGRATE=on.",
            ),
            Self::OutcomeUnknown => (
                StatusCode::SERVICE_UNAVAILABLE,
                "outcome-unknown",
                "It is not known whether this was stored",
                "Send it again with the same Idempotency-Key: it is done once. Without a key, read \
                 the case back by its external_id first.",
            ),
            Self::RateLimited => (
                StatusCode::TOO_MANY_REQUESTS,
                "rate-limited",
                "This key has sent too many requests",
                "Nothing was stored. Send it again after the seconds that Retry-After names; \
                 RateLimit says in each answer how many are left.",
            ),
            Self::Overloaded => (
                StatusCode::SERVICE_UNAVAILABLE,
                "overloaded",
                "This server has as many requests as it takes at once",
                "Nothing was stored. Try again after the time that Retry-After names.",
            ),
            Self::Stopping => (
                StatusCode::SERVICE_UNAVAILABLE,
                "stopping",
                "This server is about to stop",
                "Send requests to another server, or to this one when it has started again.",
            ),
            Self::UnsupportedContentEncoding => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported-content-encoding",
                "The body must not be compressed",
                "Nothing was stored. Send the body as it is, without Content-Encoding.",
            ),
        }
    }
}
