//! The whole server: features, layers, and serving until it is told to stop.

use std::any::Any;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::middleware::from_fn_with_state;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
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

/// How long requests in flight may take to end once the server stops.
const DRAIN: Duration = Duration::from_secs(15);

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

/// Serves until `stop` resolves, then lets requests in flight end. A connection on which no request
/// arrives within `patience` is closed. It speaks HTTP/1.1: what tells it from HTTP/2 would wait for
/// a silent client without a limit.
///
/// # Errors
/// None of a single connection; only the listener's.
pub async fn serve(
    listener: TcpListener,
    router: NormalizePath<Router>,
    patience: Duration,
    stop: impl Future<Output = ()>,
) -> std::io::Result<()> {
    let mut builder = Builder::new(TokioExecutor::new()).http1_only();
    builder
        .http1()
        .timer(TokioTimer::new())
        .header_read_timeout(patience);
    let connections = GracefulShutdown::new();
    let mut stop = std::pin::pin!(stop);
    loop {
        let (stream, _) = tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok(accepted) => accepted,
                Err(error) => {
                    // Out of file descriptors, mostly: others may close before the next try.
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                    continue;
                }
            },
            () = &mut stop => break,
        };
        let service = router.clone();
        let service = tower::service_fn(move |request: hyper::Request<hyper::body::Incoming>| {
            let request: Request = request.map(axum::body::Body::new);
            tower::ServiceExt::oneshot(service.clone(), request)
        });
        let connection = builder
            .serve_connection(TokioIo::new(stream), TowerToHyperService::new(service))
            .into_owned();
        let connection = connections.watch(connection);
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection ended early");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(DRAIN, connections.shutdown())
        .await
        .is_err()
    {
        tracing::warn!("requests were still in flight when the server stopped");
    }
    Ok(())
}
