//! The services that driftd calls, one line each: a client per scope and service, made when it is first asked for.

use std::sync::OnceLock;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;

use super::intact::RejectTruncated;
use super::meter::CountCalls;
use super::pacing::retry_partition;
use super::s3::{AccountInHost, path_style};
use super::scope::ScopeClient;

/// `name: SDK crate, what its builder needs besides`.
macro_rules! services {
    ($($(#[$doc:meta])* $name:ident: $sdk:ident $(, $extra:expr)?;)*) => {
        /// One account and region's clients, each made when it is first asked for.
        #[derive(Debug, Default)]
        pub(super) struct Clients {
            $($name: OnceLock<$sdk::Client>,)*
        }

        impl ScopeClient {
            $($(#[$doc])*
            pub fn $name(&self) -> &$sdk::Client {
                self.clients.$name.get_or_init(|| $name(&self.config, &self.account, &self.region))
            })*
        }

        $(/// A client of its own for a configuration; its retries are paced by account, region and service.
        #[expect(clippy::disallowed_methods, reason = "the one place where clients are made")]
        pub(super) fn $name(config: &SdkConfig, account: &str, region: &str) -> $sdk::Client {
            let builder = $sdk::config::Builder::from(config)
                .retry_partition(retry_partition(account, region, stringify!($name)))
                .interceptor(RejectTruncated)
                .interceptor(CountCalls(stringify!($name)));
            $(let builder = $extra(builder, config);)?
            $sdk::Client::from_conf(builder.build())
        })*
    };
}

services! {
    /// Never retries by itself: AWS allows two LookupEvents a second per account and region, and the caller shares them out.
    cloudtrail: aws_sdk_cloudtrail, |builder: aws_sdk_cloudtrail::config::Builder, _| {
        let timeouts = TimeoutConfig::builder().operation_attempt_timeout(super::connection::LOOKUP_TIMEOUT).build();
        builder.retry_config(RetryConfig::disabled()).timeout_config(timeouts)
    };
    ec2: aws_sdk_ec2;
    /// Never retries by itself, as all that sends alerts: the outbox repeats a notice, and knows that it does.
    eventbridge: aws_sdk_eventbridge, |builder: aws_sdk_eventbridge::config::Builder, _| {
        builder.retry_config(RetryConfig::disabled())
    };
    iam: aws_sdk_iam;
    organizations: aws_sdk_organizations;
    /// S3 in the scope's own region; a bucket of another one is reached by [`ScopeClient::s3_in`].
    s3: aws_sdk_s3, |builder: aws_sdk_s3::config::Builder, config: &SdkConfig| builder.force_path_style(path_style(config));
    s3control: aws_sdk_s3control, |builder: aws_sdk_s3control::config::Builder, _| builder.interceptor(AccountInHost);
    secretsmanager: aws_sdk_secretsmanager;
    /// Never retries by itself, as [`ScopeClient::eventbridge`].
    sns: aws_sdk_sns, |builder: aws_sdk_sns::config::Builder, _| builder.retry_config(RetryConfig::disabled());
    /// To receive: patient, as long polling wants it.
    sqs: aws_sdk_sqs, |builder: aws_sdk_sqs::config::Builder, _| {
        builder.timeout_config(TimeoutConfig::builder().operation_attempt_timeout(super::connection::LONG_POLL_TIMEOUT).build())
    };
    /// To send: never retries by itself, as [`ScopeClient::eventbridge`].
    sqs_sender: aws_sdk_sqs, |builder: aws_sdk_sqs::config::Builder, _| builder.retry_config(RetryConfig::disabled());
    ssm: aws_sdk_ssm;
    sts: aws_sdk_sts;
}
