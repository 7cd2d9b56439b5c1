//! AWS Security Hub: every finding is one of its own there, in the account and region of its resource, under an id that stays; told again it is
//! updated in place, and archived when the drift is over. What investigators write there (workflow, notes) is left alone.
//!
//! Security Hub takes findings of an account from that account alone: a role in each account sends them.

mod asff;

use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use futures::{StreamExt as _, stream};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use serde_saphyr::Spanned;
use tokio::sync::Mutex;

use crate::aws::{AssumeRole, Aws, ReadError, SECURITY_HUB, SignedClient};
use crate::diagnostic::Diagnostics;
use crate::model::{GLOBAL, GapReason, is_account_id, is_region};
use crate::notify::aws;
use crate::notify::{Delivered, DeliveryError, Notice, Receiver, Tools};
use crate::secret::SecretRef;
use crate::wording::message::Item;
use crate::wording::text::{count, sanitize_output, shorten};

const ACTION: &str = "securityhub:BatchImportFindings";
const TARGET: &str = "Security Hub";
/// Findings of one call.
const BATCH: usize = 100;
/// Accounts and regions that are sent to side by side: one that does not answer keeps no other from its findings.
const PLACES: usize = 8;
/// What one of them has, credentials included.
const PATIENCE: Duration = Duration::from_secs(20);
/// Stands for the account in a role's ARN.
const ACCOUNT: &str = "{account}";

/// AWS Security Hub.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Raw {
    /// Send all findings to Security Hub in this region; without it each goes to the region of its resource.
    #[schemars(with = "Option<String>")]
    region: Option<Spanned<String>>,
    /// A role in each account to assume, `{account}` for its id: `arn:aws:iam::{account}:role/driftd-security-hub`. Without it the roles of `aws.accounts` and `aws.organization` send.
    #[schemars(with = "Option<String>")]
    role_arn: Option<Spanned<String>>,
    /// What these roles' trust policies ask for.
    #[schemars(with = "Option<String>")]
    external_id: Option<Spanned<String>>,
}

/// A valid Security Hub.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    region: Option<String>,
    /// Its ARN may have [`ACCOUNT`] in it.
    role: Option<AssumeRole>,
}

impl Raw {
    /// What of it is valid; every mistake goes to `diagnostics`.
    pub(super) fn validate(self, diagnostics: &mut Diagnostics) -> Option<Config> {
        let Self { region, role_arn, external_id } = self;
        let role = aws::role(role_arn, external_id, diagnostics);
        Some(Config { region: aws::region(region, diagnostics), role })
    }
}

impl Config {
    pub(super) fn secrets(&self) -> Vec<&SecretRef> {
        Vec::new()
    }

    pub(super) fn resolve(&mut self, _folder: &Path) {}

    /// The only region that is sent to.
    pub fn region(&self) -> Option<&str> {
        self.region.as_deref()
    }

    /// The ARN of the roles that are assumed, with `*` for the account where each has one.
    pub fn role_pattern(&self) -> Option<String> {
        self.role.as_ref().map(|role| role.arn.replace(ACCOUNT, "*"))
    }
}

/// A Security Hub that can be sent to.
struct SecurityHub {
    aws: Arc<Aws>,
    http: reqwest::Client,
    config: Config,
    /// By account and region.
    clients: Mutex<HashMap<Place, Arc<SignedClient>>>,
}

/// An account and a region.
type Place = (String, String);

pub(super) fn open(config: &Config, _name: &str, tools: &Tools) -> Result<Box<dyn Receiver>, String> {
    let (aws, http) = (aws::connection(tools)?, tools.http.clone());
    Ok(Box::new(SecurityHub { aws, http, config: config.clone(), clients: Mutex::default() }))
}

#[async_trait::async_trait]
impl Receiver for SecurityHub {
    async fn deliver(&self, notice: &Notice<'_>) -> Result<Delivered, DeliveryError> {
        let mut told = Told::default();
        let places = self.by_place(notice, &mut told);
        let sent = stream::iter(places).map(|(place, findings)| async move {
            let sent = tokio::time::timeout(PATIENCE, self.sent(&place, &findings, notice)).await;
            let (account, region) = &place;
            let silent = || DeliveryError::retry(format!("{TARGET} of {account} in {region} did not answer in time"));
            sent.unwrap_or_else(|_| Err(silent()))
        });
        let mut sent = std::pin::pin!(sent.buffer_unordered(PLACES));
        while let Some(outcome) = sent.next().await {
            told.add(outcome);
        }
        told.outcome()
    }
}

/// What became of the calls of one message: each is made, whatever became of the others. What arrived is only updated by another try.
#[derive(Default)]
struct Told {
    again: Option<DeliveryError>,
    refused: Vec<String>,
}

impl Told {
    fn add(&mut self, outcome: Result<(), DeliveryError>) {
        match outcome {
            Ok(()) => {}
            Err(again @ DeliveryError::Retry { .. }) => self.again = self.again.take().or(Some(again)),
            Err(DeliveryError::Refused { why }) => self.refused.push(why),
        }
    }

    fn outcome(self) -> Result<Delivered, DeliveryError> {
        let Self { again, refused } = self;
        if let Some(again) = again {
            return Err(again);
        }
        match refused.split_first() {
            None => Ok(Delivered::default()),
            Some((first, [])) => Err(DeliveryError::refused(first)),
            Some((first, rest)) => Err(DeliveryError::refused(format!(
                "{first} (and {})",
                count(rest.len() as u64, "more like it", "more like it")
            ))),
        }
    }
}

impl SecurityHub {
    /// Sends what belongs to one account and region.
    async fn sent(&self, place: &Place, findings: &[Value], notice: &Notice<'_>) -> Result<(), DeliveryError> {
        let client = self.client(place).await.map_err(DeliveryError::misconfigured)?;
        let mut told = Told::default();
        for batch in findings.chunks(BATCH) {
            told.add(import(&client, batch, notice).await);
        }
        told.outcome().map(|_| ())
    }

    /// The findings by where they go. One whose account or region is none is refused.
    fn by_place(&self, notice: &Notice<'_>, told: &mut Told) -> BTreeMap<Place, Vec<Value>> {
        let mut found: BTreeMap<Place, Vec<Value>> = BTreeMap::new();
        for item in &notice.message.items {
            match self.place(item) {
                Some((account, region)) => {
                    let finding = asff::of_item(notice.message, item, &region);
                    found.entry((account, region)).or_default().push(finding);
                }
                None => told.add(Err(DeliveryError::refused(format!(
                    "finding {} is of no account and region that could have a Security Hub",
                    shorten(&item.finding_id, 40)
                )))),
            }
        }
        // About driftd itself: one finding of its own account.
        if notice.message.items.is_empty() {
            let account = self.aws.account().to_owned();
            let region = self.config.region.clone().unwrap_or_else(|| self.aws.default_region());
            let finding = asff::of_driftd(notice, &account, &region);
            found.entry((account, region)).or_default().push(finding);
        }
        found
    }

    fn place(&self, item: &Item) -> Option<Place> {
        let region = match (&self.config.region, item.region.as_str()) {
            (Some(region), _) => region,
            (None, GLOBAL) => self.aws.home_region(),
            (None, region) => region,
        };
        // Both become part of a host or of a role's ARN.
        (is_account_id(&item.account) && is_region(region)).then(|| (item.account.clone(), region.to_owned()))
    }

    async fn client(&self, place: &Place) -> Result<Arc<SignedClient>, String> {
        let (account, region) = place;
        let mut clients = self.clients.lock().await;
        if let Some(known) = clients.get(place) {
            return Ok(Arc::clone(known));
        }
        let role = self.role(account)?;
        let made = Arc::new(self.aws.signed(SECURITY_HUB, region, role.as_ref(), &self.http).await);
        clients.insert(place.clone(), Arc::clone(&made));
        Ok(made)
    }

    fn role(&self, account: &str) -> Result<Option<AssumeRole>, String> {
        let is_own = account == self.aws.account();
        let of_account = |role: &AssumeRole| role.arn.split(':').nth(4) == Some(account);
        match &self.config.role {
            Some(role) => {
                let role = AssumeRole { arn: role.arn.replace(ACCOUNT, account), ..role.clone() };
                if of_account(&role) {
                    return Ok(Some(role));
                }
                Err(format!(
                    "Security Hub takes findings of account {account} from it alone: write {{account}} in role_arn"
                ))
            }
            None => match self.aws.role_of(account) {
                Some(role) => Ok(Some(role)),
                None if is_own => Ok(None),
                None => Err(format!(
                    "Security Hub takes findings of account {account} from it alone: set role_arn to a role in each account, with {{account}} in its ARN"
                )),
            },
        }
    }
}

/// One call. Of what it takes the rest counts, of what it refuses the first reason.
async fn import(client: &SignedClient, findings: &[Value], notice: &Notice<'_>) -> Result<(), DeliveryError> {
    let body = json!({"Findings": findings}).to_string();
    let answer = client.post(ACTION, "/findings/import", body, notice.now).await;
    let answer = answer.map_err(|error| aws::error(&error, TARGET))?;
    let unread = || DeliveryError::retry(format!("{ACTION}: its answer cannot be read"));
    let Answer { failed_findings } = serde_json::from_slice(&answer).map_err(|_| unread())?;
    let failures: Vec<DeliveryError> = failed_findings.into_iter().map(failure).collect();
    let passes = |error: &&DeliveryError| matches!(error, DeliveryError::Retry { .. });
    match failures.iter().find(passes).or(failures.first()) {
        Some(error) => Err(error.clone()),
        None => Ok(()),
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Answer {
    #[serde(default)]
    failed_findings: Vec<Failed>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Failed {
    #[serde(default)]
    error_code: String,
    #[serde(default)]
    error_message: String,
}

fn failure(failed: Failed) -> DeliveryError {
    let Failed { error_code, error_message } = failed;
    let code = shorten(&sanitize_output(&error_code), 60);
    let passes = ["Internal", "Throttl", "LimitExceeded", "ServiceUnavailable"].iter().any(|word| code.contains(word));
    let (reason, status) = match () {
        () if passes => (GapReason::Failed, None),
        () if code.contains("AccessDenied") => (GapReason::Denied, Some(400)),
        () => (GapReason::Failed, Some(400)),
    };
    aws::error(&ReadError { reason, action: ACTION, code: Some(code), status, message: error_message }, TARGET)
}

#[cfg(test)]
mod tests;
