//! Can the sources be read? Asks each for its stamp, or opens it where it has none; reads no state as a whole.

use futures::StreamExt as _;

use super::{LoadOptions, ObjectStore, ReadError, StateConfig, request};

/// Sources that are asked at the same time.
const CONCURRENT: usize = 8;

/// What became of one source.
#[derive(Debug)]
pub struct Probe {
    /// Where it is, without any secret.
    pub location: String,
    pub outcome: Result<(), ReadError>,
}

/// Every source, in the order of the requests; one request may name several.
pub async fn probe(states: &[StateConfig], options: &LoadOptions, store: &dyn ObjectStore) -> Vec<Probe> {
    let mut probes = Vec::new();
    for state in states {
        match request::open(&state.location, options, store).await {
            Ok(opened) => {
                let refused = opened.refused.into_iter();
                probes.extend(refused.map(|(location, error)| Probe { location, outcome: Err(error) }));
                let asked = opened
                    .files
                    .iter()
                    .map(|file| async { Probe { location: file.location(), outcome: file.probe().await } });
                probes.extend(futures::stream::iter(asked).buffered(CONCURRENT).collect::<Vec<_>>().await);
            }
            Err(error) => probes.push(Probe { location: request::label(&state.location), outcome: Err(error) }),
        }
    }
    probes
}
