//! The sections `receivers`, `route`, `time_windows`, `links` and `triage`: who is told what, when, and how.

mod address;
mod route;
mod time_windows;

pub use address::{
    Address, OpenAddress, RawAddress, RawSecretUrl, SecretUrl, address, is_safe, is_this_machine, secret,
};
pub use route::RawRoute;
pub use time_windows::RawTimeWindow;

use std::collections::BTreeSet;
use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use super::receivers::{RawKinds, ReceiverKind};
use super::route::Route;
use super::template::Template;
use super::triage::config::{RawTriage, TriageConfig};
use crate::diagnostic::{Diagnostic, Diagnostics, Position};
use crate::secret::SecretRef;
use crate::wording::LinkOptions;
use crate::yaml::position;

/// A valid receiver.
#[derive(Debug, Clone, PartialEq)]
pub struct ReceiverConfig {
    pub name: String,
    pub kind: ReceiverKind,
    /// Are live and desired values told? Otherwise only what differs.
    pub show_values: bool,
    /// Is it told that a drift is over?
    pub send_resolved: bool,
    pub template: Template,
}

/// Where alerts go: a name, one of the kinds, and how it is told.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RawReceiver {
    /// What routes call it.
    #[schemars(with = "String")]
    name: Spanned<String>,
    /// Tell desired and live values; without, only what differs.
    #[serde(default = "yes")]
    show_values: bool,
    /// Tell that a drift is over.
    #[serde(default = "yes")]
    send_resolved: bool,
    /// A title of your own, as a Jinja template over the message.
    #[schemars(with = "Option<String>")]
    title: Option<Spanned<String>>,
    /// A text of your own in the place of findings and news, as a Jinja template over the message.
    #[schemars(with = "Option<String>")]
    text: Option<Spanned<String>>,
    /// What kind of receiver it is.
    #[schemars(with = "RawKinds")]
    to: Spanned<RawKinds>,
}

fn yes() -> bool {
    true
}

/// Everything that says who is told what.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct NotifyConfig {
    pub receivers: Vec<ReceiverConfig>,
    /// `None`: there are no receivers.
    pub route: Option<Route>,
    pub links: LinkOptions,
    /// Who writes notes on findings; `None`: nobody.
    pub triage: Option<TriageConfig>,
}

/// Pages that messages link to.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawLinks {
    /// The page of a line of the code: `https://github.com/acme/infra/blob/main/{file}#L{line}`; `{source}` is the name of the state.
    #[schemars(with = "Option<String>")]
    code: Option<Spanned<String>>,
    /// The address under which people see this daemon's pages.
    #[schemars(with = "Option<String>")]
    dashboard: Option<Spanned<String>>,
}

/// The sections as they stand in the file.
#[derive(Debug, Default)]
pub struct RawNotify {
    pub receivers: Vec<RawReceiver>,
    pub route: Option<RawRoute>,
    pub time_windows: Vec<Spanned<RawTimeWindow>>,
    pub links: RawLinks,
    pub triage: Option<RawTriage>,
}

impl RawNotify {
    /// What another piece of the file says.
    pub fn add(&mut self, other: Self) {
        let Self { receivers, route, time_windows, links, triage } = other;
        self.receivers.extend(receivers);
        self.time_windows.extend(time_windows);
        self.route = route.or(self.route.take());
        self.links.code = links.code.or(self.links.code.take());
        self.links.dashboard = links.dashboard.or(self.links.dashboard.take());
        self.triage = triage.or(self.triage.take());
    }

    /// What of them is valid; every mistake goes to `diagnostics`. `is_whole`: nothing is missing, so that names can be checked.
    pub fn validate(self, is_whole: bool, diagnostics: &mut Diagnostics) -> NotifyConfig {
        let Self { receivers, route, time_windows, links, triage } = self;
        let names: BTreeSet<String> = receivers.iter().map(|receiver| receiver.name.value.clone()).collect();
        let order: Vec<String> = receivers.iter().map(|receiver| receiver.name.value.clone()).collect();
        let receivers = self::receivers(receivers, diagnostics);
        let windows = time_windows::validate(time_windows, diagnostics);
        let known =
            route::Known { receivers: &names.iter().map(String::as_str).collect(), windows: &windows, is_whole };
        // Without a route everybody is told everything.
        let mut route = route.map(|route| route.validate("route".to_owned(), None, &known, diagnostics));
        if route.is_none() && !order.is_empty() {
            route = Some(Route::to_all(order));
        }
        if let Some(route) = route.as_ref().filter(|_| is_whole) {
            unused(&names, route, diagnostics);
        }
        let (links, triage) = (links.validate(diagnostics), triage.and_then(|triage| triage.validate(diagnostics)));
        NotifyConfig { receivers, route, links, triage }
    }
}

/// A receiver that no route names gets nothing.
fn unused(names: &BTreeSet<String>, route: &Route, diagnostics: &mut Diagnostics) {
    let routes = route.all();
    let is_told = |name: &String| {
        let escalates = |route: &&Route| {
            route.delivery.escalation.as_ref().is_some_and(|escalation| escalation.receivers.contains(name))
        };
        routes.iter().any(|route| route.receivers.contains(name) || escalates(route))
    };
    for name in names.iter().filter(|name| !is_told(name)) {
        let message = format!("no route names the receiver {name:?}: it is told nothing");
        diagnostics.warning("config/unused-receiver", Position::WHOLE_FILE, message);
    }
}

impl RawLinks {
    fn validate(self, diagnostics: &mut Diagnostics) -> LinkOptions {
        let mut page = |text: Option<Spanned<String>>| {
            let text = text?;
            let is_page = |text: &str| text.starts_with("https://") || text.starts_with("http://");
            if !is_page(&text.value) {
                let mistake = Diagnostic::error("config/not-a-url", "this is not the address of a page");
                diagnostics.add(mistake.with_hint("write https://..."), position(&text));
            }
            Some(text.value.trim_end_matches('/').to_owned())
        };
        LinkOptions { code: page(self.code), dashboard: page(self.dashboard) }
    }
}

/// What of the list is valid; every mistake goes to `diagnostics`.
fn receivers(raw: Vec<RawReceiver>, diagnostics: &mut Diagnostics) -> Vec<ReceiverConfig> {
    let mut names = BTreeSet::new();
    let mut found = Vec::new();
    for RawReceiver { name, show_values, send_resolved, title, text, to } in raw {
        if name.value.trim().is_empty() {
            diagnostics.error("config/empty-value", position(&name), "the name of a receiver is empty");
        }
        if !names.insert(name.value.clone()) {
            let message = format!("there are two receivers of the name {:?}", name.value);
            diagnostics.error("config/duplicate-receiver", position(&name), message);
        }
        let at = title.as_ref().or(text.as_ref()).map(position);
        let value = |raw: Option<Spanned<String>>| raw.map(|raw| raw.value);
        let template = Template::new(value(title), value(text)).unwrap_or_else(|error| {
            let mistake = Diagnostic::error("config/not-a-template", error.to_string())
                .with_hint("write Jinja over the message, e.g. {{ title }}; see docs/receivers/README.md");
            diagnostics.add(mistake, at.unwrap_or(position(&name)));
            Template::default()
        });
        let at = position(&to);
        if let Some(kind) = to.value.validate(at, diagnostics) {
            found.push(ReceiverConfig { name: name.value, kind, show_values, send_resolved, template });
        }
    }
    found
}

impl NotifyConfig {
    /// Takes relative paths as relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        self.receivers.iter_mut().for_each(|receiver| receiver.kind.resolve(folder));
        self.triage.iter_mut().for_each(|triage| triage.resolve(folder));
    }

    /// The secrets that receivers and the triage refer to.
    pub fn secrets(&self) -> Vec<&SecretRef> {
        let of_receivers = self.receivers.iter().flat_map(|receiver| receiver.kind.secrets());
        of_receivers.chain(self.triage.iter().flat_map(TriageConfig::secrets)).collect()
    }
}
