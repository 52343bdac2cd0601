//! The types of problems, with their titles and remedies.

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

/// The parts of a problem type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProblemParts {
    pub status: StatusCode,
    /// The last segment of the `type`: `/problems/NAME`.
    pub name: &'static str,
    /// The condition, in words.
    pub title: &'static str,
    /// The action that the client should take.
    pub remedy: &'static str,
}

/// The remedy of temporary errors before which nothing was stored.
const RETRY: &str = "Nothing was stored. Send the request again after the time in Retry-After.";

impl ProblemType {
    /// All types.
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

    /// The parts of this type.
    #[expect(
        clippy::too_many_lines,
        reason = "a table with one entry for each type"
    )]
    pub fn parts(self) -> ProblemParts {
        match self {
            Self::InvalidParameters => ProblemParts {
                status: StatusCode::BAD_REQUEST,
                name: "invalid-parameters",
                title: "The request has invalid parameters",
                remedy: "Correct the request: each entry of errors names a location and what to change there.",
            },
            Self::MalformedBody => ProblemParts {
                status: StatusCode::BAD_REQUEST,
                name: "malformed-body",
                title: "The body is not valid JSON",
                remedy: "Correct the JSON at the line and column in detail.",
            },
            Self::MalformedFraming => ProblemParts {
                status: StatusCode::BAD_REQUEST,
                name: "malformed-framing",
                title: "Malformed HTTP framing of the body",
                remedy: "Nothing was stored. Send as many bytes as Content-Length says, or well-formed chunks \
                     including the last one, and keep the connection open until then.",
            },
            Self::Unauthorized => ProblemParts {
                status: StatusCode::UNAUTHORIZED,
                name: "unauthorized",
                title: "Missing or invalid API key",
                remedy: "Send one key of the workspace, as Authorization: Bearer KEY or X-API-Key: KEY.",
            },
            Self::NotFound => ProblemParts {
                status: StatusCode::NOT_FOUND,
                name: "not-found",
                title: "Not found",
                remedy: "Check the path and the id. Only the workspace of the API key is searched.",
            },
            Self::MethodNotAllowed => ProblemParts {
                status: StatusCode::METHOD_NOT_ALLOWED,
                name: "method-not-allowed",
                title: "Method not allowed",
                remedy: "Use one of the methods in the Allow header.",
            },
            Self::RequestTimeout => ProblemParts {
                status: StatusCode::REQUEST_TIMEOUT,
                name: "request-timeout",
                title: "The body did not arrive in time",
                remedy: "Nothing was stored. Send the request again.",
            },
            Self::PayloadTooLarge => ProblemParts {
                status: StatusCode::PAYLOAD_TOO_LARGE,
                name: "payload-too-large",
                title: "The body is too large",
                remedy: "Nothing was stored. Send a smaller body.",
            },
            Self::UnsupportedMediaType => ProblemParts {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                name: "unsupported-media-type",
                title: "The content type is not JSON in UTF-8",
                remedy: "Send JSON in UTF-8 with Content-Type: application/json.",
            },
            Self::ExternalIdTaken => ProblemParts {
                status: StatusCode::CONFLICT,
                name: "external-id-taken",
                title: "Another case has this external_id",
                remedy: "Read the case with the id in case_id, or choose another external_id.",
            },
            Self::Conflict => ProblemParts {
                status: StatusCode::CONFLICT,
                name: "conflict",
                title: "The request conflicts with the current state",
                remedy: "Read the current state, and correct the conflict in errors.",
            },
            Self::RequestInProgress => ProblemParts {
                status: StatusCode::CONFLICT,
                name: "request-in-progress",
                title: "A request with this Idempotency-Key is still running",
                remedy: "Send the request again with the same key after the time in Retry-After.",
            },
            Self::ResponseErased => ProblemParts {
                status: StatusCode::GONE,
                name: "answer-erased",
                title: "The result of this request was deleted",
                remedy: "Nothing was stored now. To create it again, send the request with another Idempotency-Key.",
            },
            Self::PreconditionFailed => ProblemParts {
                status: StatusCode::PRECONDITION_FAILED,
                name: "precondition-failed",
                title: "The version of the case does not match If-Match",
                remedy: "Nothing was changed. Read the case again, and send the change with the ETag of that response \
                     as If-Match.",
            },
            Self::WeakEntityTag => ProblemParts {
                status: StatusCode::PRECONDITION_FAILED,
                name: "weak-entity-tag",
                title: "If-Match has a weak entity tag",
                remedy: "Nothing was changed. Send the tag without W/, because weak tags never match. If a proxy \
                     makes tags weak by compressing responses, configure it to leave them unchanged.",
            },
            Self::IdempotencyKeyReused => ProblemParts {
                status: StatusCode::UNPROCESSABLE_ENTITY,
                name: "idempotency-key-reused",
                title: "This Idempotency-Key belongs to another request",
                remedy: "Nothing was stored. The first request with this key had another path or body: send that \
                     request again, or use a new key for this one.",
            },
            Self::InternalError => ProblemParts {
                status: StatusCode::INTERNAL_SERVER_ERROR,
                name: "internal-error",
                title: "Internal server error",
                remedy: "Report this error with the request id.",
            },
            Self::Unavailable => ProblemParts {
                status: StatusCode::SERVICE_UNAVAILABLE,
                name: "unavailable",
                title: "The database cannot be reached",
                remedy: RETRY,
            },
            Self::ReadOnly => ProblemParts {
                status: StatusCode::SERVICE_UNAVAILABLE,
                name: "read-only",
                title: "The database is read-only",
                remedy: RETRY,
            },
            Self::TimedOut => ProblemParts {
                status: StatusCode::SERVICE_UNAVAILABLE,
                name: "timed-out",
                title: "The database did not finish in time",
                remedy: "Nothing was stored. Send the request again after the time in Retry-After. If it fails each \
                     time, set a longer DOSSIER_REQUEST_TIMEOUT, or split the request.",
            },
            Self::OutOfResources => ProblemParts {
                status: StatusCode::SERVICE_UNAVAILABLE,
                name: "out-of-resources",
                title: "The database has no disk space, memory or connections left",
                remedy: "Nothing was stored. Send the request again after the time in Retry-After. The operator must \
                     free resources of the database.",
            },
            Self::Busy => ProblemParts {
                status: StatusCode::SERVICE_UNAVAILABLE,
                name: "busy",
                title: "Conflicting write in progress",
                remedy: RETRY,
            },
            Self::NotMigrated => ProblemParts {
                status: StatusCode::SERVICE_UNAVAILABLE,
                name: "not-migrated",
                title: "The database schema is out of date",
                remedy: "Run dossier migrate, or start a server with DOSSIER_MIGRATE=on.",
            },
            Self::OutcomeUnknown => ProblemParts {
                status: StatusCode::SERVICE_UNAVAILABLE,
                name: "outcome-unknown",
                title: "It is unknown whether the request was stored",
                remedy: "Send the request again with the same Idempotency-Key: it is executed once. Without a key, \
                     first read the case by its external_id.",
            },
            Self::RateLimited => ProblemParts {
                status: StatusCode::TOO_MANY_REQUESTS,
                name: "rate-limited",
                title: "Too many requests with this API key",
                remedy: "Nothing was stored. Send the request again after the seconds in Retry-After. RateLimit in \
                     each response shows how many requests are left.",
            },
            Self::Overloaded => ProblemParts {
                status: StatusCode::SERVICE_UNAVAILABLE,
                name: "overloaded",
                title: "Too many concurrent requests",
                remedy: RETRY,
            },
            Self::Stopping => ProblemParts {
                status: StatusCode::SERVICE_UNAVAILABLE,
                name: "stopping",
                title: "The server is stopping",
                remedy: "Send requests to another server, or to this one after its restart.",
            },
            Self::UnsupportedContentEncoding => ProblemParts {
                status: StatusCode::UNSUPPORTED_MEDIA_TYPE,
                name: "unsupported-content-encoding",
                title: "The body has a Content-Encoding",
                remedy: "Nothing was stored. Send the body uncompressed, without Content-Encoding.",
            },
        }
    }
}
