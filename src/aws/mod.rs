//! AWS: credentials, accounts and roles, clients, pacing, errors. The only place where AWS clients are made; they live as
//! long as the program, and keep nothing that was read. Knows no kind of resource, no state, no event.

pub mod config;
mod connection;
mod credentials;
mod error;
mod http;
mod intact;
mod meter;
mod organization;
mod pacing;
mod partition;
mod queue_address;
mod s3;
mod scope;
mod secrets;
mod services;
mod signed;

pub use connection::{Aws, AwsOptions};
pub use credentials::AssumeRole;
pub use error::{ReadError, is_about_signature, not_found};
pub use meter::Meter;
pub use organization::LeftOut;
pub use partition::Partition;
pub use queue_address::region_of_queue;
pub use s3::{S3Access, S3Reader};
pub use scope::ScopeClient;
pub use signed::{BEDROCK_RUNTIME, SECURITY_HUB, SignedClient, SignedService};
