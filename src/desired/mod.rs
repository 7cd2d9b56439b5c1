//! WHAT SHOULD BE: Terraform states and code, read into [`crate::model::DesiredState`].

pub mod place;
pub mod tfstate;

use crate::model::{DesiredState, Source};

/// temporary
#[derive(Debug, Default)]
pub struct LoadOptions {}

/// temporary
#[async_trait::async_trait]
pub trait ObjectStore: Send + Sync {}

/// temporary
pub async fn load(requests: &[String], _options: &LoadOptions, _store: &dyn ObjectStore) -> DesiredState {
    let mut out = DesiredState::default();
    for (i, path) in requests.iter().enumerate() {
        let state = tfstate::read(std::fs::File::open(path).unwrap(), path).unwrap();
        out.sources.push(Source {
            name: path.clone(),
            location: path.clone(),
            serial: state.serial,
            lineage: state.lineage,
            resources: state.resources.len() as u64,
            terraform_version: state.terraform_version,
            warnings: state.warnings,
        });
        out.resources.extend(state.resources.into_iter().map(|mut r| {
            r.source = i;
            r
        }));
    }
    place::locate(&mut out.resources, &Default::default());
    out
}
