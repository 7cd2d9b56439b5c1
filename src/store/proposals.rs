//! Fixes that were proposed, each for one content of a finding: what was rejected for that content is not proposed again.

use jiff::Timestamp;

use super::db::{Row, values};
use super::{Store, StoreError};
use crate::life::finding_id;

/// A proposed fix.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proposal {
    /// Key of the finding.
    pub key: String,
    /// Content of the finding that it was made for.
    pub fingerprint: String,
    pub state: ProposalState,
    /// Of the pull request or issue.
    pub url: Option<String>,
}

/// Where a proposal is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ProposalState {
    Open,
    Merged,
    /// A person closed it: no further one for this content.
    Rejected,
    /// The finding is resolved, or its content changed.
    Superseded,
}

impl ProposalState {
    const ALL: [ProposalState; 4] = [Self::Open, Self::Merged, Self::Rejected, Self::Superseded];

    /// The word of the database and of labels.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Merged => "merged",
            Self::Rejected => "rejected",
            Self::Superseded => "superseded",
        }
    }
}

impl Store {
    /// Writes a proposal, or what became of it.
    pub async fn proposal_upsert(&self, proposal: &Proposal, now: Timestamp) -> Result<(), StoreError> {
        let Proposal { key, fingerprint, state, url } = proposal;
        let sql = "INSERT INTO proposals (finding_id, finding_key, fingerprint, state, url, created_at, updated_at) \
                   VALUES ($1, $2, $3, $4, $5, $6, $6) ON CONFLICT (finding_id, fingerprint) DO UPDATE SET \
                   state = excluded.state, url = COALESCE(excluded.url, proposals.url), \
                   updated_at = excluded.updated_at";
        let mut tx = self.db.begin().await?;
        tx.execute(sql, values![finding_id(key), key, fingerprint, state.as_str(), url, now]).await?;
        tx.commit().await
    }

    /// All proposals for a finding, oldest first.
    pub async fn proposal_list(&self, key: &str) -> Result<Vec<Proposal>, StoreError> {
        let sql = "SELECT finding_key, fingerprint, state, url FROM proposals WHERE finding_id = $1 \
                   ORDER BY created_at, fingerprint";
        self.db.fetch(sql, values![finding_id(key)]).await?.iter().map(proposal).collect()
    }

    /// All proposals in a state, oldest first.
    pub async fn proposal_in_state(&self, state: ProposalState) -> Result<Vec<Proposal>, StoreError> {
        let sql = "SELECT finding_key, fingerprint, state, url FROM proposals WHERE state = $1 \
                   ORDER BY created_at, finding_id, fingerprint";
        self.db.fetch(sql, values![state.as_str()]).await?.iter().map(proposal).collect()
    }
}

fn proposal(row: &Row) -> Result<Proposal, StoreError> {
    let word = row.text("state")?;
    let state = ProposalState::ALL.into_iter().find(|state| state.as_str() == word);
    Ok(Proposal {
        key: row.text("finding_key")?,
        fingerprint: row.text("fingerprint")?,
        state: state.ok_or_else(|| StoreError::corrupt("state", format!("unknown: {word}")))?,
        url: row.optional_text("url")?,
    })
}
