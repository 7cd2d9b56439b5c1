//! stub
use super::{Event, Sessions, Settings, channel::Way, source::Session};
use crate::model::{Actor, Caution};
#[derive(Debug, Clone)]
pub struct Person {
    pub actor: Option<Actor>,
    pub mfa: Option<bool>,
    pub cautions: Vec<Caution>,
    pub reasons: Vec<String>,
    pub wanted: Option<Session>,
}
pub fn person(event: &Event, _s: &Sessions, _t: &Settings, _w: &Way) -> Person {
    let name = event.session_name().or(event.identity.user_name.as_deref()).unwrap_or("?").to_owned();
    Person {
        actor: Some(Actor {
            kind: crate::model::ActorType::Unknown,
            name,
            arn: event.identity.arn.clone(),
            chain: vec![],
        }),
        mfa: None,
        cautions: vec![],
        reasons: vec![],
        wanted: None,
    }
}
