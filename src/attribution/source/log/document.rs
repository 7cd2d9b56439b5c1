//! JSON documents, one after another -> the texts of their records, one at a time.

use std::fmt;
use std::io::Read;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::{Limits, LogError, broken};

/// Lists of records: in log files, in what `aws cloudtrail lookup-events` and `aws logs filter-log-events` print, and in what
/// CloudWatch Logs sends.
const LISTS: [&str; 4] = ["Records", "Events", "events", "logEvents"];
/// The member by which a digest is known.
const OF_DIGEST: &str = "digestStartTime";

/// Reads document after document.
pub(super) fn read(reader: impl Read, limits: &Limits, each: &mut dyn FnMut(&str) -> bool) -> Result<(), LogError> {
    let (mut stopped, mut digest) = (false, false);
    let mut deserializer = serde_json::Deserializer::from_reader(reader);
    loop {
        let records = Records { limits, each: &mut *each, stopped: &mut stopped, digest: &mut digest };
        let outcome = Document(records).deserialize(&mut deserializer);
        match outcome {
            _ if stopped => return Err(LogError::Stopped),
            Ok(()) => {}
            Err(error) if error.is_eof() => return Err(LogError::Truncated),
            Err(error) if error.is_io() => return Err(broken(&error.into())),
            Err(error) => return Err(LogError::Foreign(error.to_string())),
        }
        match deserializer.end() {
            Ok(()) if digest => return Err(LogError::Digest),
            Ok(()) => return Ok(()),
            Err(error) if error.is_io() => return Err(broken(&error.into())),
            // Another document follows.
            Err(_) => {}
        }
    }
}

/// Where records go.
struct Records<'a> {
    limits: &'a Limits,
    each: &'a mut dyn FnMut(&str) -> bool,
    stopped: &'a mut bool,
    /// A digest was seen.
    digest: &'a mut bool,
}

impl Records<'_> {
    fn give<E: de::Error>(&mut self, text: &str) -> Result<(), E> {
        self.limits.record_is_over();
        if (self.each)(text) {
            return Ok(());
        }
        *self.stopped = true;
        Err(E::custom("given up"))
    }
}

/// An array of records, an object with a list of them, or an object that is a record.
struct Document<'a>(Records<'a>);

impl<'de> DeserializeSeed<'de> for Document<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Document<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{\"Records\": [...]}, a list of records, or a record per line")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<(), A::Error> {
        List(self.0).visit_seq(list)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let mut records = self.0;
        let (mut is_list, mut members_of_record) = (false, String::new());
        while let Some(name) = members.next_key::<String>()? {
            *records.digest |= name == OF_DIGEST;
            if LISTS.contains(&name.as_str()) {
                is_list = true;
                let Records { limits, each, stopped, digest } = &mut records;
                let list = Records { limits, each, stopped, digest };
                members.next_value_seed(List(list))?;
                continue;
            }
            let value: Box<RawValue> = members.next_value()?;
            let separator = if members_of_record.is_empty() { "{" } else { "," };
            let name = serde_json::to_string(&name).map_err(de::Error::custom)?;
            members_of_record.extend([separator, &name, ":", value.get()]);
        }
        if is_list || *records.digest {
            return Ok(());
        }
        // The record's own text, but for white space.
        members_of_record.push_str(if members_of_record.is_empty() { "{}" } else { "}" });
        records.give(&members_of_record)
    }
}

/// A list of records.
struct List<'a>(Records<'a>);

impl<'de> DeserializeSeed<'de> for List<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for List<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of records")
    }

    fn visit_unit<E: de::Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut list: A) -> Result<(), A::Error> {
        while let Some(record) = list.next_element::<Box<RawValue>>()? {
            self.0.give(record.get())?;
        }
        Ok(())
    }
}
