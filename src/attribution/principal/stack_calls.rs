//! Which call set CloudFormation to work: a stack's service role makes its calls, and CloudFormation itself assumed that role.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::sessions::Beginning;
use crate::attribution::event::{Event, Identity};

/// CloudFormation assumes the role within moments; where it is slow or the stack waits, within this.
const LONGEST: SignedDuration = SignedDuration::from_mins(60);
/// The session's beginning and the call are two servers' clocks.
const SLACK: SignedDuration = SignedDuration::from_secs(2);
/// Stack operations that are kept.
const MOST: usize = 100_000;

/// Calls that set CloudFormation to work, by time and event.
#[derive(Debug, Default)]
pub(super) struct StackCalls(BTreeMap<(Timestamp, String), StackCall>);

#[derive(Debug)]
struct StackCall {
    /// Account, region and name.
    stack: String,
    role: Option<String>,
    caller: Identity,
}

impl StackCalls {
    /// Keeps a call that makes, alters or deletes a stack.
    pub(super) fn note(&mut self, event: &Event) {
        let works = [
            "CreateStack",
            "UpdateStack",
            "DeleteStack",
            "ExecuteChangeSet",
            "CreateChangeSet",
            "RollbackStack",
            "ContinueUpdateRollback",
        ];
        let text = |name: &str| event.request.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
        let (true, Some(stack)) = (works.contains(&event.name.as_str()), text("stackName")) else { return };
        // By name or by ARN: `arn:aws:cloudformation:eu-west-1:1:stack/NAME/ID`
        let name = stack.split_once(":stack/").map_or(stack, |(_, rest)| rest.split('/').next().unwrap_or(rest));
        let call = StackCall {
            stack: format!("{}/{}/{name}", event.account, event.region),
            role: text("roleARN").or_else(|| text("roleArn")).map(str::to_owned),
            caller: event.identity.clone(),
        };
        self.0.insert((event.time, event.id.clone()), call);
        if self.0.len() > MOST {
            self.0.pop_first();
        }
    }

    /// Who set CloudFormation to work with this session's role.
    pub(super) fn beginning(&self, of: &Identity) -> Beginning {
        let role = of.issuer.as_ref().and_then(|issuer| issuer.arn.as_deref());
        let (Some(created), Some(role)) = (of.created, role) else { return Beginning::NotSeen };
        let (Ok(since), Ok(until)) = (created.checked_sub(LONGEST), created.checked_add(SLACK)) else {
            return Beginning::NotSeen;
        };
        let mut found: Option<&Identity> = None;
        for ((time, _), call) in self.0.iter().filter(|((time, _), _)| since <= *time && *time <= until) {
            if self.role_of(call, *time) != Some(role) {
                continue;
            }
            if found.is_some_and(|other| other.arn != call.caller.arn) {
                return Beginning::Several;
            }
            found = Some(&call.caller);
        }
        match found {
            Some(caller) => Beginning::By { caller: Box::new(caller.clone()), device: false },
            None => Beginning::NotSeen,
        }
    }

    /// The role that a call gives, or that an earlier one gave the stack.
    fn role_of<'a>(&'a self, call: &'a StackCall, at: Timestamp) -> Option<&'a str> {
        call.role.as_deref().or_else(|| {
            let before = self.0.iter().rev().skip_while(|((time, _), _)| *time > at);
            before.filter(|(_, other)| other.stack == call.stack).find_map(|(_, other)| other.role.as_deref())
        })
    }
}
