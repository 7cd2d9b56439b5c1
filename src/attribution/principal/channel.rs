//! The access path of a call (console, CLI, SDK, Terraform, a service), by several signs together: the kind of event, who called whom, the console's flag, the user
//! agent. Knows nothing of persons: one principal uses the console, an SDK and Terraform on the same day.

use std::net::IpAddr;

use super::sanitize_input::sanitize_input;
use super::user_agent;
use crate::attribution::event::{Event, Identity};
use crate::model::Channel;

/// How a call was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccessPath {
    pub channel: Channel,
    /// The CLI's subcommand, Terraform's version and stamp, a program's name, the service that acted.
    pub tool: Option<String>,
    /// The signs agree. `false`: likely, no more. A user agent is a claim in either case.
    pub certain: bool,
}

impl AccessPath {
    fn new(channel: Channel, tool: Option<String>, certain: bool) -> Self {
        Self { channel, tool: tool.filter(|tool| !tool.is_empty()), certain }
    }

    /// Infrastructure as code: a program that has a state of its own to say what should be.
    pub fn is_code(&self) -> bool {
        match self.channel {
            Channel::Terraform | Channel::Pulumi | Channel::Crossplane => true,
            Channel::Console
            | Channel::Cloudshell
            | Channel::Cli
            | Channel::Sdk
            | Channel::Cloudformation
            | Channel::AwsService
            | Channel::Other
            | Channel::Unknown => false,
        }
    }

    /// AWS called, by itself or for somebody: user agent and address are AWS's own.
    pub fn is_service(&self) -> bool {
        matches!(self.channel, Channel::AwsService | Channel::Cloudformation)
    }
}

/// The access path of a call. The first sign that speaks wins, the ones that nobody can forge first.
pub fn channel(event: &Event) -> AccessPath {
    let agent = event.user_agent.as_deref().map(user_agent::bare).unwrap_or_default();
    by_service(event, agent)
        .or_else(|| by_code(agent))
        .or_else(|| by_console(event, agent))
        .or_else(|| by_program(agent))
        .unwrap_or_else(|| unnamed(event, agent))
}

/// A service called: by itself, or (a forward access session) for the identity in the record.
/// <https://docs.aws.amazon.com/IAM/latest/UserGuide/access_forward_access_sessions.html>
fn by_service(event: &Event, agent: &str) -> Option<AccessPath> {
    let invoked_by = event.identity.invoked_by.as_deref().and_then(service);
    let calls_from = event.source_ip.as_deref().and_then(service);
    let by = |name: &str, certain: bool| {
        let channel = if name.starts_with("cloudformation.") { Channel::Cloudformation } else { Channel::AwsService };
        AccessPath::new(channel, Some(sanitize_input(name)), certain)
    };
    // Nobody asked: a rotation, a move to another zone.
    if event.kind == "AwsServiceEvent" {
        return Some(AccessPath::new(
            Channel::AwsService,
            Some(sanitize_input(invoked_by.unwrap_or(&event.source))),
            true,
        ));
    }
    if event.identity.kind == "AWSService" {
        return Some(AccessPath::new(
            Channel::AwsService,
            Some(sanitize_input(invoked_by.or(calls_from).unwrap_or(&event.source))),
            true,
        ));
    }
    if let Some(name) = invoked_by.or(calls_from) {
        return Some(by(name, true));
    }
    // Only the user agent says so. Services do not call from an address without `invokedBy`: then somebody pretends.
    service(agent).filter(|_| !from_address(event)).map(|name| by(name, false))
}

/// `autoscaling.amazonaws.com`; the console's own hosts are no services.
pub(super) fn service(name: &str) -> Option<&str> {
    let of_aws = name.ends_with(".amazonaws.com") || name.ends_with(".amazonaws.com.cn");
    let of_console = ["signin.", "console."].iter().any(|host| name.starts_with(host));
    (of_aws && !of_console && !name.contains(char::is_whitespace)).then_some(name)
}

fn from_address(event: &Event) -> bool {
    event.source_ip.as_deref().is_some_and(|ip| ip.parse::<IpAddr>().is_ok())
}

/// Pulumi and Crossplane carry Terraform's name too (their providers are Terraform's), so they come first.
fn by_code(agent: &str) -> Option<AccessPath> {
    if agent.contains("Pulumi") {
        return Some(AccessPath::new(Channel::Pulumi, user_agent::piece_with(agent, "pulumi"), true));
    }
    if agent.to_ascii_lowercase().contains("crossplane") {
        return Some(AccessPath::new(Channel::Crossplane, user_agent::piece_with(agent, "crossplane"), true));
    }
    let terraform = agent.contains("HashiCorp/1.0 Terraform/") || agent.contains("OpenTofu/");
    terraform.then(|| AccessPath::new(Channel::Terraform, Some(user_agent::terraform(agent)), true))
}

/// The flag is set where a console session's credentials made the call, but never on S3's events.
/// <https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-record-contents.html>
fn by_console(event: &Event, agent: &str) -> Option<AccessPath> {
    if event.from_console {
        return Some(if user_agent::runs_in(agent) == Some("CloudShell") {
            AccessPath::new(
                Channel::Cloudshell,
                user_agent::command(agent).or_else(|| Some(user_agent::sdk(agent))),
                true,
            )
        } else {
            // A program with a console session's credentials: still the console's session, but not its pages.
            let program = by_program(agent);
            let certain = program.is_none();
            AccessPath::new(Channel::Console, program.and_then(|access| access.tool), certain)
        });
    }
    if matches!(event.kind.as_str(), "AwsConsoleAction" | "AwsConsoleSignIn") {
        return Some(AccessPath::new(Channel::Console, None, true));
    }
    if is_long_lived(&event.identity) {
        // The console has sessions only: a browser's user agent on a long-lived key is no console.
        return None;
    }
    if is_console_agent(agent) {
        return Some(AccessPath::new(Channel::Console, None, event.service() == "s3"));
    }
    let internal = agent.contains("aws-internal/3") && from_address(event) && !event.tls;
    (internal && event.identity.invoked_by.is_none()).then(|| AccessPath::new(Channel::Console, None, false))
}

/// A key of a user that does not end by itself.
pub(super) fn is_long_lived(identity: &Identity) -> bool {
    matches!(identity.kind.as_str(), "IAMUser" | "Root")
        && identity.created.is_none()
        && identity.access_key.as_deref().is_some_and(|key| key.starts_with("AKIA"))
}

/// What the console's pages and their servers say of themselves.
fn is_console_agent(agent: &str) -> bool {
    let starts = [
        "signin.amazonaws.com",
        "S3Console",
        "AWS Console S3",
        "Mozilla/",
        "Coral/Jakarta",
        "Coral/Netty4",
        "AWSCloudTrail, aws-internal/3",
        "SRPS/",
    ];
    let inside =
        ["AWSLambdaConsole", "Console, aws-internal/3", "ConsoleFrontend, aws-internal/3", "CloudWatch Console"];
    starts.iter().any(|start| agent.starts_with(start))
        || inside.iter().any(|inside| agent.contains(inside))
        || agent.starts_with("console") && agent.contains("amazonaws.com")
}

/// Programs that name themselves; those with names of their own first, for they name their SDK too.
fn by_program(agent: &str) -> Option<AccessPath> {
    if let Some(name) = user_agent::named(agent) {
        return Some(AccessPath::new(Channel::Other, Some(name), true));
    }
    if agent.starts_with("aws-cli/") {
        return Some(AccessPath::new(
            Channel::Cli,
            user_agent::command(agent).or_else(|| Some(user_agent::sdk(agent))),
            true,
        ));
    }
    let sdk = ["Boto3", "aws-sdk-", "Botocore"].iter().any(|sdk| agent.contains(sdk));
    (sdk && !agent.contains("aws-internal/")).then(|| AccessPath::new(Channel::Sdk, Some(user_agent::sdk(agent)), true))
}

/// `AWS Internal` without the flag is some part of AWS, and never proof of the console.
fn unnamed(event: &Event, agent: &str) -> AccessPath {
    if agent.is_empty() || agent == "AWS Internal" || agent.contains("aws-internal/") {
        return AccessPath::new(Channel::Unknown, None, false);
    }
    let itself = event.tls || from_address(event) && (is_long_lived(&event.identity) || service(agent).is_some());
    let channel = if itself { Channel::Other } else { Channel::Unknown };
    AccessPath::new(channel, Some(sanitize_input(agent)), event.tls)
}

#[cfg(test)]
mod tests;
