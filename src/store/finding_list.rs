//! Findings for people: listed by what they ask for, and one by its id.

use super::db::{Value, values};
use super::findings::from_row;
use super::{Store, StoreError};
use crate::life::{KnownFinding, StateName};
use crate::model::{DriftStatus, Severity};

/// Which findings are asked for; an empty list asks for all.
#[derive(Debug, Clone, Default)]
pub struct FindingFilter {
    pub states: Vec<StateName>,
    pub severities: Vec<Severity>,
    pub drifts: Vec<DriftStatus>,
    pub kinds: Vec<String>,
    pub accounts: Vec<String>,
    pub regions: Vec<String>,
    pub sources: Vec<String>,
    /// The most that are returned; `None`: all.
    pub limit: Option<u32>,
    /// How many are left out before.
    pub offset: u32,
}

impl Store {
    /// In the order of the report: the worst first, then by account, region, kind and id.
    pub async fn finding_list(&self, filter: &FindingFilter) -> Result<Vec<KnownFinding>, StoreError> {
        let (condition, mut values) = condition(filter);
        let number = values.len();
        values.extend(values![i64::from(filter.limit.unwrap_or(u32::MAX)), i64::from(filter.offset)]);
        let sql = format!(
            "SELECT finding, life, revision FROM findings {condition} \
             ORDER BY severity_rank, account, region, kind, finding_key LIMIT ${} OFFSET ${}",
            number + 1,
            number + 2
        );
        self.db.fetch(&sql, values).await?.iter().map(from_row).collect()
    }

    /// How many there are, whatever the limit.
    pub async fn finding_count(&self, filter: &FindingFilter) -> Result<u64, StoreError> {
        let (condition, values) = condition(filter);
        let rows = self.db.fetch(&format!("SELECT count(*) AS number FROM findings {condition}"), values).await?;
        Ok(rows.first().map_or(Ok(0), |row| row.integer("number"))?.unsigned_abs())
    }

    /// By its id or the beginning of one, which must name one finding alone.
    pub async fn finding_show(&self, id: &str) -> Result<KnownFinding, StoreError> {
        /// So many are named when the beginning is not enough.
        const CANDIDATES: i64 = 5;
        let not_found = || StoreError::NotFound { id: id.to_owned() };
        let prefix = id.to_ascii_lowercase();
        if prefix.is_empty() || !prefix.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(not_found());
        }
        // Ids are of the digits 0 to f: `g` comes after everything that begins like this.
        let sql = "SELECT finding, life, revision FROM findings WHERE id >= $1 AND id < $2 ORDER BY id LIMIT $3";
        let rows = self.db.fetch(sql, values![&prefix, format!("{prefix}g"), CANDIDATES]).await?;
        let mut found = rows.iter().map(from_row).collect::<Result<Vec<_>, _>>()?;
        match found.len() {
            0 => Err(not_found()),
            1 => found.pop().ok_or_else(not_found),
            _ => {
                let candidates = found.into_iter().map(|known| known.id).collect();
                Err(StoreError::Ambiguous { id: id.to_owned(), candidates })
            }
        }
    }
}

/// `WHERE ...` and its values.
fn condition(filter: &FindingFilter) -> (String, Vec<Value>) {
    let FindingFilter { states, severities, drifts, kinds, accounts, regions, sources, limit: _, offset: _ } = filter;
    let lists: [(&str, Vec<&str>); 7] = [
        ("state", states.iter().map(|state| state.as_str()).collect()),
        ("severity", severities.iter().map(|severity| severity.as_str()).collect()),
        ("drift", drifts.iter().map(|drift| drift.as_str()).collect()),
        ("kind", kinds.iter().map(String::as_str).collect()),
        ("account", accounts.iter().map(String::as_str).collect()),
        ("region", regions.iter().map(String::as_str).collect()),
        ("source", sources.iter().map(String::as_str).collect()),
    ];
    let (mut conditions, mut values) = (Vec::new(), Vec::new());
    for (column, list) in lists.into_iter().filter(|(_, list)| !list.is_empty()) {
        let numbers: Vec<String> = (1..=list.len()).map(|at| format!("${}", values.len() + at)).collect();
        conditions.push(format!("{column} IN ({})", numbers.join(", ")));
        values.extend(list.into_iter().map(Value::from));
    }
    let joined = conditions.join(" AND ");
    (if joined.is_empty() { joined } else { format!("WHERE {joined}") }, values)
}
