//! Findings as they are now. Each is kept whole, as JSON; the columns beside it are what is searched by.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;

use super::db::{Row, Tx, to_json, values};
use super::{Store, StoreError};
use crate::life::{KnownFinding, finding_id};
use crate::model::{DriftStatus, Outcome, Scope, Severity};

impl Store {
    /// What is known, resolved ones included, of everything that an outcome names: the scopes of its coverage, findings and gaps. For a
    /// caller that knows what the sources `declared` (keys), also what is open of the sources that were read, wherever that is, and is
    /// declared no more.
    pub async fn finding_known(
        &self,
        outcome: &Outcome,
        declared: Option<&BTreeSet<String>>,
    ) -> Result<Vec<KnownFinding>, StoreError> {
        let mut known = BTreeMap::new();
        let mut add = |rows: Vec<Row>| -> Result<(), StoreError> {
            for row in rows {
                let one = from_row(&row)?;
                known.insert(one.id.clone(), one);
            }
            Ok(())
        };
        let (accounts, scopes) = places(outcome);
        for account in &accounts {
            let sql = "SELECT finding, life, revision FROM findings WHERE account = $1";
            add(self.db.fetch(sql, values![account]).await?)?;
        }
        for scope in scopes.iter().filter(|scope| !accounts.contains(&scope.account)) {
            let sql = "SELECT finding, life, revision FROM findings WHERE account = $1 AND region = $2";
            add(self.db.fetch(sql, values![&scope.account, &scope.region]).await?)?;
        }
        for source in outcome.gaps.iter().filter_map(|gap| gap.scope.source.as_ref()).collect::<BTreeSet<_>>() {
            let sql = "SELECT finding, life, revision FROM findings WHERE source = $1";
            add(self.db.fetch(sql, values![source]).await?)?;
        }
        if let Some(declared) = declared {
            for id in self.no_longer_declared(outcome, declared).await? {
                let sql = "SELECT finding, life, revision FROM findings WHERE id = $1";
                add(self.db.fetch(sql, values![id]).await?)?;
            }
        }
        Ok(known.into_values().collect())
    }

    /// Ids of what is open of the sources that were read, and is not declared. Every cycle reads every source, whatever it looks at: of the
    /// others' findings no more than their keys is read.
    async fn no_longer_declared(
        &self,
        outcome: &Outcome,
        declared: &BTreeSet<String>,
    ) -> Result<Vec<String>, StoreError> {
        let read: BTreeSet<&str> = outcome.sources.iter().map(|source| source.name.as_str()).collect();
        let sql = "SELECT id, finding_key, source FROM findings WHERE source IS NOT NULL AND state <> 'resolved'";
        let mut ids = Vec::new();
        for row in self.db.fetch(sql, Vec::new()).await? {
            if read.contains(row.text("source")?.as_str()) && !declared.contains(&row.text("finding_key")?) {
                ids.push(row.text("id")?);
            }
        }
        Ok(ids)
    }

    /// All findings of a source that are not resolved.
    pub async fn finding_of_source(&self, source: &str) -> Result<Vec<KnownFinding>, StoreError> {
        let sql = "SELECT finding, life, revision FROM findings WHERE source = $1 AND state <> 'resolved' ORDER BY id";
        self.db.fetch(sql, values![source]).await?.iter().map(from_row).collect()
    }

    /// Where findings that nobody declares are not resolved.
    pub async fn finding_unmanaged_scopes(&self) -> Result<BTreeSet<Scope>, StoreError> {
        let sql = "SELECT DISTINCT account, region FROM findings WHERE drift = $1 AND state <> 'resolved'";
        let rows = self.db.fetch(sql, values![DriftStatus::Unmanaged.as_str()]).await?;
        rows.iter().map(|row| Ok(Scope::new(row.text("account")?, row.text("region")?))).collect()
    }

    /// All findings that nobody declares and that are not resolved.
    pub async fn finding_unmanaged(&self) -> Result<Vec<KnownFinding>, StoreError> {
        let sql = "SELECT finding, life, revision FROM findings WHERE drift = $1 AND state <> 'resolved' ORDER BY id";
        self.db.fetch(sql, values![DriftStatus::Unmanaged.as_str()]).await?.iter().map(from_row).collect()
    }

    /// Findings of which something ends by itself until now: for `life::expire`.
    pub async fn finding_expiring(&self, now: Timestamp) -> Result<Vec<KnownFinding>, StoreError> {
        let sql = "SELECT finding, life, revision FROM findings WHERE expires_at <= $1 ORDER BY id";
        self.db.fetch(sql, values![now]).await?.iter().map(from_row).collect()
    }
}

/// Accounts that an outcome concerns as a whole, and single scopes.
fn places(outcome: &Outcome) -> (BTreeSet<String>, BTreeSet<Scope>) {
    let mut accounts = BTreeSet::new();
    let mut scopes: BTreeSet<Scope> = outcome.coverage.iter().map(|row| row.scope.clone()).collect();
    scopes.extend(outcome.findings.iter().map(|finding| Scope::new(&finding.account, &finding.region)));
    for gap in &outcome.gaps {
        match (&gap.scope.account, &gap.scope.region) {
            (Some(account), Some(region)) => _ = scopes.insert(Scope::new(account, region)),
            (Some(account), None) => _ = accounts.insert(account.clone()),
            // A gap of a kind, or of everything: it concerns whatever the outcome looked at.
            (None, _) if gap.scope.source.is_none() => accounts.extend(outcome.accounts.iter().cloned()),
            (None, _) => {}
        }
    }
    (accounts, scopes)
}

pub(super) fn from_row(row: &Row) -> Result<KnownFinding, StoreError> {
    let finding: crate::model::Finding = row.json("finding")?;
    Ok(KnownFinding {
        id: finding_id(&finding.key),
        finding,
        life: row.json("life")?,
        revision: row.integer("revision")?,
    })
}

/// Writes a finding that nobody changed since it was read.
pub(super) async fn save(tx: &mut Tx, known: &KnownFinding) -> Result<(), StoreError> {
    let KnownFinding { id, finding, life, revision } = known;
    let rank = Severity::ALL.iter().position(|severity| *severity == finding.severity).unwrap_or_default();
    // A flapping finding is looked at every time, until it settles.
    let expires = life.flapping_since.and(life.flips.last().copied()).or(life.state.ends());
    let mut columns = values![
        id,
        life.state.name().as_str(),
        finding.severity.as_str(),
        rank as i64,
        finding.drift.as_str(),
        &finding.source,
        &finding.fingerprint,
        life.last_seen,
        life.state_since,
        expires,
        to_json("finding", finding)?,
        to_json("life", life)?,
    ];
    let changed = if *revision == 0 {
        let more = values![&finding.key, &finding.kind, &finding.account, &finding.region, life.first_seen];
        columns.extend(more);
        let sql = "INSERT INTO findings (id, state, severity, severity_rank, drift, source, fingerprint, last_seen, \
                   state_since, expires_at, finding, life, finding_key, kind, account, region, first_seen, revision) \
                   VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, 1) \
                   ON CONFLICT DO NOTHING";
        tx.execute(sql, columns).await?
    } else {
        columns.extend(values![*revision]);
        let sql = "UPDATE findings SET state = $2, severity = $3, severity_rank = $4, drift = $5, source = $6, \
                   fingerprint = $7, last_seen = $8, state_since = $9, expires_at = $10, finding = $11, life = $12, \
                   revision = revision + 1 WHERE id = $1 AND revision = $13";
        tx.execute(sql, columns).await?
    };
    if changed == 1 { Ok(()) } else { Err(StoreError::Conflict { id: id.clone() }) }
}
