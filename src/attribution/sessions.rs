//! stub
use super::Event;
#[derive(Debug, Default)]
pub struct Sessions {}
impl Sessions {
    pub fn note(&mut self, _event: &Event) {}
}
