//! TELL PEOPLE: route -> group -> silence -> send + retry -> record. What is to be told is planned where a finding takes a step ([`plan`]), kept
//! in the store with that step, and sent from there; a receiver only gives a message its form and says whether it has it.

mod aws;
pub mod config;
mod fit;
pub mod http;
pub mod interaction;
pub mod labels;
mod owners;
mod plan;
pub mod press;
mod receiver;
pub mod receivers;
pub mod route;
mod summary;
pub mod targets;
mod template;
pub mod time_window;
pub mod triage;

#[cfg(test)]
pub(crate) mod kit;

use std::sync::Arc;

pub use config::{NotifyConfig, ReceiverConfig};
pub use fit::fit;
pub use labels::{LABELS, Labels, labels};
pub use owners::Owners;
pub use plan::{KeptDelivery, NotTold, Plan, plan};
pub use receiver::{DELIVERY_LIMIT, Delivered, DeliveryError, Notice, Receiver};
pub use template::{Template, TemplateError};

use crate::aws::Aws;
use crate::secret::Resolver;

/// What receivers are made of. Cheap to clone.
#[derive(Clone)]
pub struct Tools {
    pub http: reqwest::Client,
    pub secrets: Arc<Resolver>,
    /// `None`: AWS is not connected, and receivers of AWS cannot be used.
    pub aws: Option<Arc<Aws>>,
}
