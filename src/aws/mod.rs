//! How AWS is reached. So far only what the configuration says of it; clients are made in `inventory::aws`.

pub mod config;
