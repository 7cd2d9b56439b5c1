//! Which accounts and regions have logs: by listing folders, each once.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::{Mutex, OnceCell};

use super::{FEW_REGIONS, LogFolder, Problems, Regions, Root, S3Logs, layout};
use crate::model::account::is_account_id;
use crate::model::{GapReason, GapScope, Scope};

/// What was listed.
#[derive(Debug, Default)]
pub(super) struct Discovered {
    /// Account -> its folders (several, when it has its own trail and the organization's in one bucket).
    accounts: OnceCell<BTreeMap<String, Vec<String>>>,
    /// Folder of an account -> its regions.
    regions: Mutex<BTreeMap<String, Vec<String>>>,
}

impl S3Logs<'_> {
    /// The folders of the wanted accounts and regions. What is wanted and not there is a problem.
    pub(super) async fn folders(
        &self,
        scopes: &BTreeSet<Scope>,
        which: Regions,
        problems: &mut Problems,
    ) -> Vec<LogFolder> {
        let mut wanted: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
        for scope in scopes {
            wanted.entry(&scope.account).or_default().insert(self.real_region(&scope.region));
        }
        let mut chosen = Vec::new();
        for (account, regions) in wanted {
            let known = problems.len();
            let folders = self.folders_of(account, problems).await;
            let found: BTreeSet<&str> = folders.iter().map(|folder| folder.scope.region.as_str()).collect();
            // A failure that was reported already explains what is not there.
            let said = problems.len() > known;
            for region in regions.iter().filter(|region| !said && !found.is_empty() && !found.contains(*region)) {
                let detail = format!("no logs of account {account} in {region}: does the trail cover that region?");
                problems.add(GapReason::NotConfigured, scope_gap(account, Some(region)), detail);
            }
            if found.is_empty() && !said {
                let detail = format!("no logs of account {account}: does a trail of that account write here?");
                problems.add(GapReason::NotConfigured, scope_gap(account, None), detail);
            }
            let all = which == Regions::All || found.len() <= FEW_REGIONS;
            let home = self.home_region.as_str();
            let is_wanted = |region: &str| all || region == home || regions.contains(region);
            chosen.extend(folders.iter().filter(|folder| is_wanted(&folder.scope.region)).cloned());
        }
        chosen
    }

    /// All folders of one account.
    pub(super) async fn folders_of(&self, account: &str, problems: &mut Problems) -> Vec<LogFolder> {
        let root = match Root::parse(&self.prefix) {
            Ok(root) => root,
            Err(message) => {
                problems.add(
                    GapReason::NotConfigured,
                    GapScope::default(),
                    format!("{}: {message}", self.location("")),
                );
                return Vec::new();
            }
        };
        let accounts = match self.discovered.accounts.get_or_try_init(|| self.accounts(&root)).await {
            Ok(accounts) => accounts,
            Err((reason, scope, detail)) => {
                problems.add(reason, scope, detail);
                return Vec::new();
            }
        };
        let mut folders = Vec::new();
        for base in accounts.get(account).into_iter().flatten() {
            for region in self.regions(&root, base, account, problems).await {
                let prefix = format!("{base}CloudTrail/{region}/");
                folders.push(LogFolder { prefix, scope: Scope::new(account, region) });
            }
        }
        folders
    }

    async fn accounts(&self, root: &Root) -> Result<BTreeMap<String, Vec<String>>, (GapReason, GapScope, String)> {
        let top = root.accounts();
        if let Some(account) = &root.account {
            return Ok([(account.clone(), vec![format!("{top}{account}/")])].into());
        }
        let mut accounts: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let names = self.list(&top).await?;
        for name in &names {
            let folder = format!("{top}{name}/");
            if is_account_id(name) {
                accounts.entry(name.clone()).or_default().push(folder);
            } else if name.starts_with("o-") && root.organization.is_none() {
                for account in self.list(&folder).await?.into_iter().filter(|name| is_account_id(name)) {
                    let inside = format!("{folder}{account}/");
                    accounts.entry(account).or_default().push(inside);
                }
            }
        }
        if accounts.is_empty() {
            return Err((GapReason::NotConfigured, GapScope::default(), self.nothing_here(&top).await));
        }
        Ok(accounts)
    }

    /// No logs: says what is there instead, so that the right prefix can be guessed.
    async fn nothing_here(&self, top: &str) -> String {
        let before = top.split_once("AWSLogs/").map_or("", |(before, _)| before);
        let mut there = self.list(before).await.unwrap_or_default();
        there.truncate(5);
        let hint = if there.is_empty() {
            String::new()
        } else {
            format!("; there is {}/: is that its prefix?", there.join("/, "))
        };
        format!("no logs of any account under {}: give the prefix that the trail has{hint}", self.location(top))
    }

    async fn regions(&self, root: &Root, base: &str, account: &str, problems: &mut Problems) -> Vec<String> {
        if let Some(region) = &root.region {
            return vec![region.clone()];
        }
        let mut known = self.discovered.regions.lock().await;
        if let Some(regions) = known.get(base) {
            return regions.clone();
        }
        match self.list(&format!("{base}CloudTrail/")).await {
            Ok(regions) => known.entry(base.to_owned()).or_insert(regions).clone(),
            Err((reason, scope, detail)) => {
                problems.add(reason, GapScope { account: Some(account.to_owned()), ..scope }, detail);
                Vec::new()
            }
        }
    }

    async fn list(&self, prefix: &str) -> Result<Vec<String>, (GapReason, GapScope, String)> {
        self.store.folders(&self.bucket, prefix).await.map_err(|error| {
            let scope = GapScope { action: Some(error.action.to_owned()), ..GapScope::default() };
            (error.reason, scope, format!("{}: {}", self.location(prefix), error.detail))
        })
    }

    pub(super) fn location(&self, key: &str) -> String {
        if key.is_empty() { layout::location(&self.bucket, &self.prefix) } else { layout::location(&self.bucket, key) }
    }
}

fn scope_gap(account: &str, region: Option<&str>) -> GapScope {
    GapScope { account: Some(account.to_owned()), region: region.map(str::to_owned), ..GapScope::default() }
}
