//! stub
use super::Event;
use crate::model::Channel;
#[derive(Debug, Clone)]
pub struct Way {
    pub channel: Channel,
    pub tool: Option<String>,
    pub certain: bool,
}
pub fn channel(_event: &Event) -> Way {
    Way { channel: Channel::Unknown, tool: None, certain: false }
}
