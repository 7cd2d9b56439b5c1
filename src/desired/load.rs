//! All requests -> the desired state of a run. What cannot be read becomes a gap of its source.

mod codes;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::time::Duration;

use futures::StreamExt;
use jiff::Timestamp;

use codes::Codes;

use super::backend::BackendConfig;
use super::code::CodeIndex;
use super::locate::{self, ProviderRegions};
use super::tfstate::{self, State};
use super::{
    APPLYING, Environment, Fetched, HttpOptions, ObjectStore, ReadError, StateConfig, StateFile, names, owners,
    references, request,
};
use crate::model::{Desired, DesiredState, Gap, GapReason, GapScope, Source, UnreadSource};

/// States that are read at the same time.
const CONCURRENT_READS: usize = 8;

/// How often a state is read before what was seen last counts.
const ATTEMPTS: usize = 3;

/// How to reach the sources.
#[derive(Debug, Clone, Default)]
pub struct LoadOptions {
    /// Directories of Terraform code for states that were not asked for by their directory.
    pub code_dirs: Vec<PathBuf>,
    /// Like `terraform init -backend-config`.
    pub backend_config: Vec<BackendConfig>,
    /// The workspace of directories; `None` takes the selected one.
    pub workspace: Option<String>,
    pub http: HttpOptions,
    pub environment: Environment,
    /// Pause before a torn, throttled or broken read is tried again; 1 s does well.
    pub retry_delay: Duration,
}

/// One state to read.
struct Job<'a> {
    file: Box<dyn StateFile + 'a>,
    requests: BTreeSet<usize>,
    declares: Declares,
    location: String,
    code: Option<PathBuf>,
    warnings: Vec<String>,
}

/// Where a source may declare resources; an empty list means anywhere.
#[derive(Clone)]
struct Declares {
    accounts: Vec<String>,
    regions: Vec<String>,
}

impl Declares {
    fn of(state: &StateConfig) -> Self {
        Self { accounts: state.accounts.clone(), regions: state.regions.clone() }
    }

    /// Where a resource is of which nothing else tells it, if only one place is left.
    fn place(&self, resource: &mut Desired) {
        if let (None, [account]) = (&resource.account, self.accounts.as_slice()) {
            resource.account = Some(account.clone());
        }
        if let (None, [region], false) = (&resource.region, self.regions.as_slice(), locate::is_global(&resource.kind))
        {
            resource.region = Some(region.clone());
        }
    }

    fn of_source(&self, source: &Source) -> UnreadSource {
        let Self { accounts, regions } = self.clone();
        UnreadSource { name: source.name.clone(), accounts, regions, foreign_only: false }
    }

    /// What two entries say of the same source: it may declare resources wherever one of them says so.
    fn widen(&mut self, other: &Self) {
        for (own, other) in [(&mut self.accounts, &other.accounts), (&mut self.regions, &other.regions)] {
            if own.is_empty() || other.is_empty() {
                own.clear();
            } else {
                let more: Vec<String> = other.iter().filter(|one| !own.contains(one)).cloned().collect();
                own.extend(more);
            }
        }
    }
}

/// The desired state as it was read, and its sources, to be looked at again.
pub struct Loaded<'a> {
    pub desired: DesiredState,
    /// In the order of `desired.sources`.
    read: Vec<ReadSource<'a>>,
    retry_delay: Duration,
}

/// A source that was read.
struct ReadSource<'a> {
    file: Box<dyn StateFile + 'a>,
    requests: BTreeSet<usize>,
    declares: Declares,
    /// What it was before it was read: see [`StateFile::stamp`].
    stamp: Option<String>,
    written_at: Option<Timestamp>,
}

/// A source that is another one than when it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MovedSource {
    /// Its index.
    pub source: usize,
    /// `serial 4, then 5`
    pub how: String,
    /// Where it may declare resources.
    pub declares: UnreadSource,
}

/// A source that was written a short while ago.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenSource {
    /// Its index.
    pub source: usize,
    /// Where it may declare resources.
    pub declares: UnreadSource,
}

impl Loaded<'_> {
    /// Looks at the sources again: which of them were written since, or are being written?
    pub async fn moved(&self) -> Vec<MovedSource> {
        let reads = self.read.iter().enumerate().map(|(source, read)| self.moved_since(source, read));
        let found: Vec<_> = futures::stream::iter(reads).buffered(CONCURRENT_READS).collect().await;
        found.into_iter().flatten().collect()
    }

    async fn moved_since(&self, source: usize, read: &ReadSource<'_>) -> Option<MovedSource> {
        let ReadSource { file, declares, stamp, .. } = read;
        let before = self.desired.sources.get(source).filter(|_| file.can_be_read_again())?;
        // Most files need not be read again to know that they are the same.
        if stamp.is_some() && *stamp == file.stamp().await {
            return None;
        }
        let text = |serial: Option<u64>| serial.map_or_else(|| "none".to_owned(), |serial| serial.to_string());
        let how = match read_settled(file.as_ref(), self.retry_delay).await {
            Ok(now) if (before.serial, &before.lineage) == (now.serial, &now.lineage) => return None,
            Ok(now) => format!("serial {}, then {}", text(before.serial), text(now.serial)),
            // Torn, as it is while an apply writes it.
            Err(_) => format!("serial {}, then it could not be read", text(before.serial)),
        };
        Some(MovedSource { source, how, declares: declares.of_source(before) })
    }

    /// The sources whose backends say that they were written since.
    pub fn written_since(&self, since: Timestamp) -> Vec<WrittenSource> {
        let recent = self.read.iter().zip(&self.desired.sources).enumerate();
        let recent = recent.filter(|(_, (read, _))| read.written_at.is_some_and(|at| at >= since));
        recent
            .map(|(source, (read, known))| WrittenSource { source, declares: read.declares.of_source(known) })
            .collect()
    }

    /// The sources (by index) that are known to have been written before this time only.
    pub fn settled_since(&self, since: Timestamp) -> BTreeSet<usize> {
        let settled = |(index, read): (usize, &ReadSource<'_>)| (read.written_at? < since).then_some(index);
        self.read.iter().enumerate().filter_map(settled).collect()
    }

    /// Which entries of the configuration asked for each source, in the order of `desired.sources`.
    pub fn requests(&self) -> impl Iterator<Item = &BTreeSet<usize>> {
        self.read.iter().map(|read| &read.requests)
    }

    /// A pipe is empty after the first time.
    pub fn can_be_opened_again(&self) -> bool {
        self.read.iter().all(|read| read.file.can_be_read_again())
    }
}

/// The desired state of all sources: see [`open`].
pub async fn load(states: &[StateConfig], options: &LoadOptions, store: &dyn ObjectStore) -> DesiredState {
    open(states, options, store).await.desired
}

/// Reads every source. Never fails: an unreadable one is a gap with its name.
pub async fn open<'a>(states: &[StateConfig], options: &'a LoadOptions, store: &'a dyn ObjectStore) -> Loaded<'a> {
    let mut jobs: Vec<Job> = Vec::new();
    let mut unopened = Vec::new();
    for (request, state) in states.iter().enumerate() {
        let declares = Declares::of(state);
        match request::open(&state.location, options, store).await {
            Ok(opened) => {
                unopened.extend(opened.refused.into_iter().map(|(place, error)| (place, declares.clone(), error)));
                for file in opened.files {
                    let (location, code) = (file.location(), opened.code.clone());
                    // The same file by two requests (a glob and its path) is one source.
                    match jobs.iter_mut().find(|job| job.file.identity() == file.identity()) {
                        Some(job) => {
                            job.declares.widen(&declares);
                            job.requests.insert(request);
                        }
                        None => jobs.push(Job {
                            file,
                            requests: BTreeSet::from([request]),
                            declares: declares.clone(),
                            location,
                            code,
                            warnings: opened.warnings.clone(),
                        }),
                    }
                }
            }
            Err(error) => unopened.push((request::label(&state.location), declares, error)),
        }
    }
    let locations = jobs.iter().map(|job| job.location.clone()).chain(unopened.iter().map(|(label, ..)| label.clone()));
    let mut names = names::unique(&locations.collect::<Vec<_>>()).into_iter();

    let reads = jobs.into_iter().map(|job| async {
        let stamp = job.file.stamp().await;
        let outcome = read_settled(job.file.as_ref(), options.retry_delay).await;
        (job, stamp, outcome)
    });
    let outcomes: Vec<_> = futures::stream::iter(reads).buffered(CONCURRENT_READS).collect().await;

    let mut codes = Codes::new(options, store).await;
    let mut desired = DesiredState::default();
    let mut read: Vec<ReadSource<'a>> = Vec::new();
    for (job, stamp, outcome) in outcomes {
        let name = names.next().unwrap_or_default();
        match outcome {
            Ok(state) => {
                let Job { file, requests, declares, location, code, warnings } = job;
                let written_at = state.written_at;
                add_source(&mut desired, name, (location, code, warnings), &declares, state, &mut codes);
                read.push(ReadSource { file, requests, declares, stamp, written_at });
            }
            Err(error) => add_unread(&mut desired, name, job.declares, &error),
        }
    }
    for (_, declares, error) in unopened {
        add_unread(&mut desired, names.next().unwrap_or_default(), declares, &error);
    }
    references::locate(&mut desired.resources);
    for resource in desired.resources.iter_mut().filter(|resource| resource.provider.is_aws()) {
        if let Some(read) = read.get(resource.source) {
            read.declares.place(resource);
        }
    }
    owners::join(&mut desired.resources);
    Loaded { desired, read, retry_delay: options.retry_delay }
}

/// What is wrong with the sources that are files of this machine; asks nobody else.
pub async fn check_local(states: &[StateConfig], options: &LoadOptions) -> Vec<Gap> {
    let is_file = |state: &&StateConfig| {
        let location = state.location.as_str();
        let path = std::path::Path::new(location);
        let elsewhere = location.contains("://") || location.starts_with("git::") || path.is_dir();
        // A pipe can be read only once, and is the scan's.
        !elsewhere && (path.is_file() || !path.exists())
    };
    let local: Vec<StateConfig> = states.iter().filter(is_file).cloned().collect();
    load(&local, &LoadOptions { code_dirs: Vec::new(), ..options.clone() }, &super::MemoryStore::default()).await.gaps
}

/// Reads one state, again where it was torn or changed under our eyes.
async fn read_settled(file: &dyn StateFile, delay: Duration) -> Result<State, ReadError> {
    let mut attempt = 1;
    loop {
        let outcome = read_once(file).await;
        let again = match &outcome {
            Ok((_, changed)) => *changed,
            Err(error) => error.is_transient() && file.can_be_read_again(),
        };
        if again && attempt < ATTEMPTS {
            attempt += 1;
            tokio::time::sleep(delay).await;
            continue;
        }
        let (mut state, changed) = outcome?;
        if changed {
            state.warnings.push(format!("changed while it was read, and again: {APPLYING}"));
        }
        return Ok(state);
    }
}

/// The state, and whether it changed meanwhile.
async fn read_once(file: &dyn StateFile) -> Result<(State, bool), ReadError> {
    let before = file.stamp().await;
    let Fetched { body, warnings, written_at } = file.fetch().await?;
    let location = file.location();
    let parsing = tokio::task::spawn_blocking(move || tfstate::read(body, &location)).await;
    let crashed = |error: tokio::task::JoinError| ReadError::Failed {
        location: file.location(),
        how: format!("the reader stopped ({error})"),
        transient: false,
    };
    let mut state = parsing.map_err(crashed)??;
    state.warnings.splice(0..0, warnings);
    state.written_at = written_at;
    let changed = before != file.stamp().await;
    Ok((state, changed))
}

/// `origin`: location, directory of code, warnings.
fn add_source(
    desired: &mut DesiredState,
    name: String,
    origin: (String, Option<PathBuf>, Vec<String>),
    declares: &Declares,
    state: State,
    codes: &mut Codes,
) {
    let (location, code_directory, opened_with) = origin;
    let source = desired.sources.len();
    let State {
        serial,
        lineage,
        terraform_version,
        mut resources,
        other_providers,
        foreign_providers,
        gaps,
        warnings,
        ..
    } = state;
    add_foreign(desired, &name, declares, &foreign_providers);
    let mut warnings = [opened_with, warnings].concat();
    let own_code = code_directory.map(|directory| CodeIndex::of(&directory));
    let code = own_code.as_ref().or_else(|| codes.belonging_to(&location, &resources));
    if let Some(code) = code {
        code.apply(&mut resources);
        warnings.extend(code.warnings.iter().cloned());
    }
    locate::locate(&mut resources, code.map_or(&ProviderRegions::new(), |code| &code.provider_regions));
    resources.iter_mut().for_each(|resource| resource.source = source);
    desired.gaps.extend(gaps.into_iter().map(|mut gap| {
        gap.scope.source = Some(name.clone());
        gap
    }));
    desired.sources.push(Source {
        name,
        location,
        serial,
        lineage,
        resources: resources.len() as u64 + other_providers.values().chain(foreign_providers.values()).sum::<u64>(),
        other_providers,
        foreign_providers,
        terraform_version,
        in_flight: warnings.iter().any(|warning| warning.contains(APPLYING)),
        warnings,
    });
    desired.resources.append(&mut resources);
}

/// Instances of other providers that manage AWS are not compared, and what is live may be theirs.
fn add_foreign(desired: &mut DesiredState, name: &str, declares: &Declares, providers: &BTreeMap<String, u64>) {
    for (address, number) in providers {
        let resources = if *number == 1 { "resource" } else { "resources" };
        let scope = GapScope { source: Some(name.to_owned()), ..GapScope::default() };
        let detail = format!(
            "provider {address} is not hashicorp/aws: {number} {resources} not compared, and nothing is called unmanaged where it may declare resources"
        );
        desired.gaps.push(Gap { reason: GapReason::Unsupported, scope, detail });
    }
    if !providers.is_empty() {
        let Declares { accounts, regions } = declares.clone();
        desired.unread.push(UnreadSource { name: name.to_owned(), accounts, regions, foreign_only: true });
    }
}

/// A source that could not be read: a gap, narrowed where it may declare resources in one account or region only.
fn add_unread(desired: &mut DesiredState, name: String, declares: Declares, error: &ReadError) {
    let only = |list: &[String]| match list {
        [one] => Some(one.clone()),
        _ => None,
    };
    let Declares { accounts, regions } = declares;
    let mut gap = error.gap(&name);
    gap.scope.account = only(&accounts);
    gap.scope.region = only(&regions);
    desired.gaps.push(gap);
    desired.unread.push(UnreadSource { name, accounts, regions, foreign_only: false });
}

#[cfg(test)]
mod tests;
