//! The state that all handlers share.

use std::any::type_name;
use std::ops::Deref;
use std::sync::Arc;

use axum::extract::{FromRef, FromRequestParts};
use axum::http::Extensions;
use axum::http::request::Parts;

use crate::auth::ApiKeyCache;
use crate::db::Database;
use crate::destinations::Destinations;
use crate::events::ChangeRecorder;
use crate::http::{Front, HeavyWork, Limits, Problem, ProblemType, Stopping};
use crate::idempotency::RunningKeys;
use crate::ids::{IdSource, IdVersion};
use crate::metrics::Metrics;

/// The state of one server. A clone shares it; each request needs several clones.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Shared>);

/// The fields of [`AppState`].
#[derive(Debug, Clone)]
pub struct Shared {
    pub database: Database,
    pub recorder: ChangeRecorder,
    pub running: RunningKeys,
    pub keys: ApiKeyCache,
    pub ids: IdSource,
    pub limits: Limits,
    pub destinations: Destinations,
    pub stopping: Stopping,
    pub metrics: Metrics,
    pub heavy_work: HeavyWork,
    /// The fixed key of the sandbox, if the server uses it. The API reference fills it in.
    pub sandbox_key: Option<&'static str>,
    /// The proxies between clients and this server.
    pub front: Arc<Front>,
    features: Extensions,
}

/// Extracts the state of one feature. The feature declares its type, and `app` adds a value to [`AppState`].
#[derive(Debug, Clone, Copy)]
pub struct FeatureState<T>(pub T);

impl AppState {
    /// Creates the state of a server.
    pub fn new(
        database: Database,
        limits: Limits,
        recorder: ChangeRecorder,
        destinations: Destinations,
        metrics: Metrics,
    ) -> Self {
        Self(Arc::new(Shared {
            recorder,
            running: RunningKeys::default(),
            keys: ApiKeyCache::new(database.clone()),
            ids: IdSource::default(),
            database,
            limits,
            destinations,
            stopping: Stopping::default(),
            metrics,
            heavy_work: HeavyWork::default(),
            sandbox_key: None,
            front: Arc::default(),
            features: Extensions::new(),
        }))
    }

    /// Adds the state of a feature.
    #[must_use]
    pub fn with_feature_state(mut self, feature: impl Clone + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).features.insert(feature);
        self
    }

    /// Sets the version of new ids.
    #[must_use]
    pub fn with_ids(mut self, version: IdVersion) -> Self {
        Arc::make_mut(&mut self.0).ids = IdSource::new(version);
        self
    }

    /// Sets the proxies between clients and this server.
    #[must_use]
    pub fn with_front(mut self, front: Front) -> Self {
        Arc::make_mut(&mut self.0).front = Arc::new(front);
        self
    }

    /// Sets the fixed key of the sandbox.
    #[must_use]
    pub fn with_sandbox_key(mut self, key: &'static str) -> Self {
        Arc::make_mut(&mut self.0).sandbox_key = Some(key);
        self
    }
}

impl Deref for AppState {
    type Target = Shared;

    fn deref(&self) -> &Shared {
        &self.0
    }
}

impl<T: Clone + Send + Sync + 'static> FromRequestParts<AppState> for FeatureState<T> {
    type Rejection = Problem;

    async fn from_request_parts(_: &mut Parts, state: &AppState) -> Result<Self, Problem> {
        let feature = state.features.get().cloned().map(Self);
        feature.ok_or_else(|| {
            tracing::error!(what = type_name::<T>(), "the state of a feature is missing");
            Problem::Plain(ProblemType::InternalError)
        })
    }
}

/// Makes fields of the state available to extractors by their type.
macro_rules! parts {
    ($($part:ident: $type:ty,)*) => {
        $(impl FromRef<AppState> for $type {
            fn from_ref(state: &AppState) -> Self {
                state.$part.clone()
            }
        })*
    };
}

parts! {
    database: Database,
    keys: ApiKeyCache,
    limits: Limits,
    stopping: Stopping,
}
