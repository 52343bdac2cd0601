//! An individual as a part of a case.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::StoredIndividual;
use super::view::IndividualView;
use crate::case_parts::CasePart;
use crate::custom_properties::Definitions;
use crate::events::{Event, Subject};
use crate::http::{Problem, WriteResponse};
use crate::relations::StoredRelation;

/// An individual with everything that its response shows.
#[derive(Debug, Deserialize)]
pub struct FoundIndividual {
    pub individual: StoredIndividual,
    /// The relations that it holds.
    pub relations: Vec<StoredRelation>,
    /// The main company of its case.
    pub main: Option<Uuid>,
    pub definitions: Definitions,
    /// The version of its case.
    pub version: i64,
}

impl CasePart for FoundIndividual {
    const DELETED: (&'static str, Event) = ("api__deleted__individual", Event::INDIVIDUAL_DELETED);
    const RELEVANT: (&'static str, Event) = (
        "api__marked_as_relevant__individual",
        Event::INDIVIDUAL_RELEVANT,
    );
    const NOT_RELEVANT: (&'static str, Event) = (
        "api__marked_as_not_relevant__individual",
        Event::INDIVIDUAL_NOT_RELEVANT,
    );

    async fn find(
        connection: &mut PgConnection,
        workspace_id: Uuid,
        id: Uuid,
    ) -> Result<Option<Value>, sqlx::Error> {
        sqlx::query_file_scalar!("src/individuals/find.sql", workspace_id, id)
            .fetch_optional(connection)
            .await
    }

    async fn find_case(
        connection: &mut PgConnection,
        workspace_id: Uuid,
        id: Uuid,
    ) -> Result<Option<Uuid>, sqlx::Error> {
        sqlx::query_scalar!(
            "SELECT case_id FROM individuals WHERE workspace_id = $1 AND id = $2",
            workspace_id,
            id
        )
        .fetch_optional(connection)
        .await
    }

    async fn save(
        &self,
        connection: &mut PgConnection,
        workspace_id: Uuid,
    ) -> Result<(), sqlx::Error> {
        sqlx::query_file!(
            "src/individuals/save.sql",
            workspace_id,
            json!(self.individual)
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    async fn delete(
        &self,
        connection: &mut PgConnection,
        workspace_id: Uuid,
    ) -> Result<(), sqlx::Error> {
        sqlx::query!(
            "DELETE FROM individuals WHERE workspace_id = $1 AND case_id = $2 AND id = $3",
            workspace_id,
            self.individual.case_id,
            self.individual.id
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    fn subject(&self) -> Subject {
        Subject::Individual(self.individual.id)
    }

    fn case_id(&self) -> Uuid {
        self.individual.case_id
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn set_version(&mut self, version: i64) {
        self.version = version;
    }

    fn set_relevant(&mut self, is_relevant: bool, now: DateTime<Utc>) {
        self.individual.is_relevant = is_relevant;
        self.individual.updated_at = now;
    }

    fn tombstone(&self) -> Value {
        let individual = &self.individual;
        json!({"id": individual.id, "case_id": individual.case_id,
            "first_name": individual.individual.first_name,
            "last_name": individual.individual.last_name})
    }

    fn response(&self, status: StatusCode) -> Result<WriteResponse, Problem> {
        let relations: Vec<_> = self.relations.iter().collect();
        let view = IndividualView::new(&self.individual, &relations, self.main, &self.definitions);
        Ok(WriteResponse::json(status, &view)?.with_version(self.version))
    }
}
