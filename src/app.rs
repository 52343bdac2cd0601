//! The whole server: features, layers, and serving until it is told to stop.

mod connections;
mod exchange;
mod metrics;
mod open_files;
mod request_body;
mod serve;
mod socket;

pub use metrics::metrics;
pub use open_files::in_flight_at_most;
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
    activities, cases, companies, custom_properties, health, individuals, reference, relations,
    spaces, tags, templates, users, webhooks, workspaces,
};

/// The state of a server over a database.
pub fn state(
    database: Database,
    limits: Limits,
    destinations: Destinations,
    metrics: Metrics,
) -> AppState {
    let recorder = ChangeRecorder::new(Arc::new(CaseSnapshots));
    AppState::new(database, limits, recorder, destinations, metrics)
        .with_feature_state(CaseWriter::default())
}

/// Every operation, without the prefixes under which it is served.
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

/// Serves every path at the root and under `/v1`, with or without a trailing slash.
///
/// # Errors
/// None but those of a reference that has no JSON form.
pub fn router(
    operations: OpenApiRouter<AppState>,
    state: AppState,
) -> Result<NormalizePath<Router>, serde_json::Error> {
    let (api, described) = operations.split_for_parts();
    let reference = reference::document(described).and_then(|it| reference::routes(&it));
    let api = api.merge(reference?);
    let at_the_edge = Arc::new(Edge {
        ids: state.ids.clone(),
        limits: state.limits,
        rates: Rates::new(state.limits),
        gate: Gate::new(state.limits.in_flight),
        stopping: state.stopping.clone(),
        metrics: state.metrics.clone(),
        front: Arc::clone(&state.front),
    });
    let cors = state.front.cors();
    let caught = CatchPanicLayer::custom(|_: Box<dyn Any + Send>| {
        Problem::Plain(ProblemType::InternalError).into_response()
    });
    let router = Router::new()
        .merge(api.clone())
        .nest("/v1", api)
        .fallback(async || Problem::Plain(ProblemType::NotFound))
        .method_not_allowed_fallback(async || Problem::Plain(ProblemType::MethodNotAllowed))
        // Together they are one step of each route.
        .layer((from_fn_with_state(at_the_edge, edge), caught))
        .with_state(state);
    let router = match cors {
        Some(cors) => router.layer(cors),
        None => router,
    };
    Ok(NormalizePathLayer::trim_trailing_slash().layer(router))
}
