//! WHAT SHOULD BE: Terraform states and code, read into [`crate::model::DesiredState`].

pub mod place;
pub mod tfstate;
