//! What every handler shares.

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
use crate::metrics::Metrics;
use crate::values::{IdSource, IdVersion};

/// The state of one server process; a clone of it is the same state. Each request has several.
#[derive(Debug, Clone)]
pub struct AppState(Arc<Shared>);

/// What there is one of in a server process.
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
    /// The key of the sandbox, while it is the one that everybody knows: the reference fills it in.
    pub known_key: Option<&'static str>,
    /// What stands between clients and this server.
    pub front: Arc<Front>,
    features: Extensions,
}

/// What the requests of one feature share, and no other feature knows: the feature declares its type, and
/// the app gives the state one.
#[derive(Debug, Clone, Copy)]
pub struct FeatureState<T>(pub T);

impl AppState {
    /// The state of a server over a database.
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
            known_key: None,
            front: Arc::default(),
            features: Extensions::new(),
        }))
    }

    /// The same state, with what is a feature's own.
    #[must_use]
    pub fn with_feature_state(mut self, feature: impl Clone + Send + Sync + 'static) -> Self {
        Arc::make_mut(&mut self.0).features.insert(feature);
        self
    }

    /// The same state, of a server whose ids say that they have this version.
    #[must_use]
    pub fn with_ids(mut self, version: IdVersion) -> Self {
        Arc::make_mut(&mut self.0).ids = IdSource::new(version);
        self
    }

    /// The same state, of a server that clients reach through something.
    #[must_use]
    pub fn behind(mut self, front: Front) -> Self {
        Arc::make_mut(&mut self.0).front = Arc::new(front);
        self
    }

    /// The same state, of a server whose sandbox has a key that everybody knows.
    #[must_use]
    pub fn with_known_key(mut self, key: &'static str) -> Self {
        Arc::make_mut(&mut self.0).known_key = Some(key);
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
            tracing::error!(what = type_name::<T>(), "the state has none");
            Problem::Plain(ProblemType::InternalError)
        })
    }
}

/// Lets handlers ask for a part of the state by its type.
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
