//! A company as a part of a case.

use axum::http::StatusCode;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use uuid::Uuid;

use super::model::StoredCompany;
use super::view::CompanyView;
use crate::case_parts::CasePart;
use crate::custom_properties::Definitions;
use crate::events::{Event, Subject};
use crate::http::{Problem, WriteResponse};
use crate::relations::StoredRelation;

/// A company with everything that its response shows.
#[derive(Debug, Deserialize)]
pub struct FoundCompany {
    pub company: StoredCompany,
    /// The relations that it holds.
    pub relations: Vec<StoredRelation>,
    pub definitions: Definitions,
    /// The version of its case.
    pub version: i64,
}

impl CasePart for FoundCompany {
    const DELETED: (&'static str, Event) = ("api__deleted__company", Event::COMPANY_DELETED);
    const RELEVANT: (&'static str, Event) =
        ("api__marked_as_relevant__company", Event::COMPANY_RELEVANT);
    const NOT_RELEVANT: (&'static str, Event) = (
        "api__marked_as_not_relevant__company",
        Event::COMPANY_NOT_RELEVANT,
    );

    async fn find(
        connection: &mut PgConnection,
        workspace_id: Uuid,
        id: Uuid,
    ) -> Result<Option<Value>, sqlx::Error> {
        sqlx::query_file_scalar!("src/companies/find.sql", workspace_id, id)
            .fetch_optional(connection)
            .await
    }

    async fn find_case(
        connection: &mut PgConnection,
        workspace_id: Uuid,
        id: Uuid,
    ) -> Result<Option<Uuid>, sqlx::Error> {
        sqlx::query_scalar!(
            "SELECT case_id FROM companies WHERE workspace_id = $1 AND id = $2",
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
        sqlx::query_file!("src/companies/save.sql", workspace_id, json!(self.company))
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
            "DELETE FROM companies WHERE workspace_id = $1 AND case_id = $2 AND id = $3",
            workspace_id,
            self.company.case_id,
            self.company.id
        )
        .execute(connection)
        .await?;
        Ok(())
    }

    fn subject(&self) -> Subject {
        Subject::Company(self.company.id)
    }

    fn case_id(&self) -> Uuid {
        self.company.case_id
    }

    fn version(&self) -> i64 {
        self.version
    }

    fn set_version(&mut self, version: i64) {
        self.version = version;
    }

    fn set_relevant(&mut self, is_relevant: bool, now: DateTime<Utc>) {
        self.company.is_relevant = is_relevant;
        self.company.updated_at = now;
    }

    fn tombstone(&self) -> Value {
        let company = &self.company;
        json!({"id": company.id, "case_id": company.case_id, "name": company.company.name,
            "country": company.company.country})
    }

    fn response(&self, status: StatusCode) -> Result<WriteResponse, Problem> {
        let relations: Vec<_> = self.relations.iter().collect();
        let view = CompanyView::new(&self.company, &relations, &self.definitions);
        Ok(WriteResponse::json(status, &view)?.with_version(self.version))
    }
}
