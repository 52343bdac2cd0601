//! The server: routes, layers, and connections.

mod connections;
mod exchange;
mod metrics;
mod open_files;
mod request_body;
mod serve;
mod socket;

pub use metrics::metrics;
pub use open_files::limit_in_flight;
pub use serve::{listen, serve};

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::IntoResponse;
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};
use utoipa_axum::router::OpenApiRouter;

use crate::cases::{CaseSnapshots, CaseWriter};
use crate::db::Database;
use crate::destinations::Destinations;
use crate::events::ChangeRecorder;
use crate::http::{Edge, Gate, Limits, Problem, ProblemType, Rates, edge};
use crate::metrics::Metrics;
use crate::state::AppState;
use crate::{
    activities, cases, companies, custom_properties, health, individuals, openapi, reference,
    relations, spaces, tags, templates, users, webhooks, workspaces,
};

/// Creates the state of a server.
pub fn state(
    database: Database,
    limits: Limits,
    destinations: Destinations,
    metrics: Metrics,
) -> AppState {
    let recorder = ChangeRecorder::new(Arc::new(CaseSnapshots));
    let cases = CaseWriter::new(limits.group_size);
    AppState::new(database, limits, recorder, destinations, metrics).with_feature_state(cases)
}

/// Returns the routes of all features, without the prefix `/v1`.
pub fn operations() -> OpenApiRouter<AppState> {
    OpenApiRouter::new()
        .merge(activities::routes())
        .merge(cases::routes())
        .merge(companies::routes())
        .merge(custom_properties::routes())
        .merge(individuals::routes())
        .merge(relations::routes())
        .merge(spaces::routes())
        .merge(tags::routes())
        .merge(templates::routes())
        .merge(users::routes())
        .merge(webhooks::routes())
        .merge(workspaces::routes())
        .merge(health::routes())
}

/// Builds the router. It serves every path at the root and under `/v1`, with or without a trailing slash.
///
/// # Errors
/// Returns an error if the API reference cannot be written as JSON.
pub fn router(
    operations: OpenApiRouter<AppState>,
    state: AppState,
) -> Result<NormalizePath<Router>, serde_json::Error> {
    let (api, openapi) = operations.split_for_parts();
    let reference = openapi::document(openapi).and_then(|it| reference::routes(&it));
    let api = api.merge(reference?);
    let edge_state = Arc::new(Edge {
        ids: state.ids.clone(),
        limits: state.limits,
        rates: Rates::new(state.limits),
        gate: Gate::new(state.limits.in_flight),
        stopping: state.stopping.clone(),
        metrics: state.metrics.clone(),
        front: Arc::clone(&state.front),
    });
    let cors = state.front.cors();
    let catch_panics = CatchPanicLayer::custom(|_: Box<dyn Any + Send>| {
        Problem::Plain(ProblemType::InternalError).into_response()
    });
    let router = Router::new()
        .merge(api.clone())
        .nest("/v1", api)
        .fallback(async || Problem::Plain(ProblemType::NotFound))
        .method_not_allowed_fallback(async || Problem::Plain(ProblemType::MethodNotAllowed))
        // As a tuple, the two layers are boxed once per route.
        .layer((from_fn_with_state(edge_state, edge), catch_panics))
        .with_state(state);
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    Ok(NormalizePathLayer::trim_trailing_slash().layer(router))
}
