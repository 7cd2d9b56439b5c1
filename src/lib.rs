//! `driftd`: continuous cloud drift detection. The modules below are in reading order; start with [`cycle`].

#![recursion_limit = "512"]

pub mod cycle;
pub mod model;

pub mod aws;

pub mod attribution;
pub mod baseline;
pub mod config;
pub mod desired;
pub mod diff;
pub mod inventory;
pub mod judge;
pub mod report;
pub mod wording;

pub mod life;
pub mod store;

pub mod notify;

pub mod daemon;

pub mod diagnostic;
pub mod environment;
pub mod schedule;
pub mod secret;
pub mod yaml;

pub mod cli;
pub mod setup;
