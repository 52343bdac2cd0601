//! Seals: a chain for each workspace, each over the rows that it covers and the seal before it.

use chrono::{DateTime, Utc};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use uuid::Uuid;

use super::store::{self, SealedRow};
use crate::db::DatabaseError;

/// The most activities of one seal.
const MEMBERS: i64 = 5_000;
/// What stands before the first seal.
const BEGINNING: [u8; 32] = [0; 32];

/// One seal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seal {
    pub sequence: i64,
    pub activity_ids: Vec<Uuid>,
    pub case_ids: Vec<Uuid>,
    /// The SHA-256 of each row.
    pub row_digests: Vec<Vec<u8>>,
    /// The digest of the seal before it.
    pub previous: Vec<u8>,
    pub digest: Vec<u8>,
    pub sealed_at: DateTime<Utc>,
}

impl Seal {
    /// The seal that follows another, over some rows.
    pub fn over(rows: &[SealedRow], last: Option<&Self>, sealed_at: DateTime<Utc>) -> Self {
        let mut seal = Self {
            sequence: last.map_or(1, |last| last.sequence + 1),
            activity_ids: rows.iter().map(|row| row.id).collect(),
            case_ids: rows.iter().map(|row| row.case_id).collect(),
            row_digests: rows.iter().map(SealedRow::digest).collect(),
            previous: last.map_or_else(|| BEGINNING.to_vec(), |last| last.digest.clone()),
            digest: Vec::new(),
            sealed_at,
        };
        seal.digest = seal.computed();
        seal
    }

    /// What its digest must be.
    pub fn computed(&self) -> Vec<u8> {
        let mut hash = Sha256::new();
        hash.update(&self.previous);
        hash.update(self.sequence.to_be_bytes());
        hash.update(self.sealed_at.timestamp_millis().to_be_bytes());
        let members = self.activity_ids.iter().zip(&self.case_ids);
        for ((id, case_id), digest) in members.zip(&self.row_digests) {
            hash.update(id.as_bytes());
            hash.update(case_id.as_bytes());
            hash.update(digest);
        }
        hash.finalize().to_vec()
    }

    /// Whether it follows another, which is the beginning where there is none.
    pub fn follows(&self, last: Option<&Self>) -> bool {
        let (sequence, digest) = last.map_or((0, &BEGINNING[..]), |it| (it.sequence, &it.digest));
        self.sequence == sequence + 1 && self.previous == digest
    }
}

/// Seals activities of one workspace that no seal covers, up to a bounded number; whether there may be
/// more. Of two servers that do so at once, one does it.
///
/// # Errors
/// Those of the database.
pub async fn seal_next(
    connection: &mut PgConnection,
    workspace_id: Uuid,
    now: DateTime<Utc>,
) -> Result<bool, DatabaseError> {
    if !store::lock_chain(connection, workspace_id).await? {
        return Ok(false);
    }
    let rows = store::take_unsealed(connection, workspace_id, MEMBERS).await?;
    if !rows.is_empty() {
        let last = store::last_seal(connection, workspace_id).await?;
        let seal = Seal::over(&rows, last.as_ref(), now);
        store::insert_seal(connection, workspace_id, &seal).await?;
    }
    Ok(i64::try_from(rows.len()).is_ok_and(|it| it == MEMBERS))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(texts: &[&str]) -> Vec<SealedRow> {
        let row = |text: &&str| SealedRow {
            id: Uuid::from_u128(1),
            case_id: Uuid::from_u128(2),
            text: Some((*text).to_owned()),
        };
        texts.iter().map(row).collect()
    }

    #[test]
    fn each_seal_is_over_its_rows_and_the_one_before() {
        let now = DateTime::UNIX_EPOCH;
        let first = Seal::over(&rows(&["a", "b"]), None, now);
        assert!(first.follows(None));
        let second = Seal::over(&rows(&["c"]), Some(&first), now);
        assert!(second.follows(Some(&first)) && !second.follows(None));
        let other = Seal::over(&rows(&["a", "B"]), None, now);
        assert_ne!(first.digest, other.digest);
        assert!(!second.follows(Some(&other)));
        let mut tampered = second.clone();
        tampered.row_digests.clear();
        assert_ne!(tampered.computed(), second.digest);
    }
}
