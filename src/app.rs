//! The whole server: features, layers, and serving until it is told to stop.

mod connections;
mod serve;

pub use serve::serve;

use std::any::Any;
use std::sync::Arc;

use axum::Router;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use tower::Layer;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::normalize_path::{NormalizePath, NormalizePathLayer};

use crate::cases::CaseSnapshots;
use crate::db::Database;
use crate::events::Events;
use crate::http::{Edge, Gate, Limits, Problem, ProblemType, Rates, Segment, edge};
use crate::state::AppState;
use crate::values::Destinations;
use crate::{
    activities, cases, companies, custom_properties, health, individuals, relations, spaces, tags,
    templates, users, webhooks, workspaces,
};

/// The state of a server over a database.
pub fn state(database: Database, limits: Limits, destinations: Destinations) -> AppState {
    let events = Events::new(Arc::new(CaseSnapshots));
    AppState::new(database, limits, events, destinations)
}

/// Every operation, without the prefixes under which it is served.
pub fn operations() -> Router<AppState> {
    Router::new()
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
        .route("/problems/{name}", get(problem_page))
}

/// Serves every path at the root and under `/v1`, with or without a trailing slash.
pub fn router(api: Router<AppState>, state: AppState) -> NormalizePath<Router> {
    let at_the_edge = Edge {
        ids: state.ids.clone(),
        limits: state.limits,
        rates: Rates::new(state.limits),
        gate: Gate::new(state.limits.in_flight),
        stopping: state.stopping.clone(),
    };
    let router = Router::new()
        .merge(api.clone())
        .nest("/v1", api)
        .fallback(async || Problem::Plain(ProblemType::NotFound))
        .method_not_allowed_fallback(async || Problem::Plain(ProblemType::MethodNotAllowed))
        .layer(CatchPanicLayer::custom(|_: Box<dyn Any + Send>| {
            Problem::Plain(ProblemType::InternalError).into_response()
        }))
        .layer(from_fn_with_state(at_the_edge, edge))
        .with_state(state);
    NormalizePathLayer::trim_trailing_slash().layer(router)
}

async fn problem_page(Segment(name): Segment) -> Response {
    match ProblemType::page(&name) {
        Some(page) => page.into_response(),
        None => Problem::Plain(ProblemType::NotFound).into_response(),
    }
}
