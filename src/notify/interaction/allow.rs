//! Which Slack apps there are, where their buttons are, and who may press them: who is named by address, or is in a user group that is named. Nobody
//! else; and if nobody is named, nobody.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::{Mutex, OnceCell};

use super::Interaction;
use crate::notify::config::ReceiverConfig;
use crate::notify::press::Person;
use crate::notify::receivers::ReceiverKind;
use crate::notify::receivers::slack::{Allow, Api, ApiError, Door, escaped, plain};
use crate::notify::targets::mark;
use crate::notify::{DeliveryError, Tools};
use crate::secret::RotatingSecret;

/// How long it is known who is in a user group.
const MEMBERS_HOLD: SignedDuration = SignedDuration::from_secs(60);

/// An app of Slack's: one secret, by which presses are known to come from Slack, and the channels for which they may come.
pub struct App {
    pub secret: AppSecret,
    places: Vec<Arc<Place>>,
}

/// By what presses of an app are known.
pub enum AppSecret {
    /// An app-level token: the daemon connects to Slack.
    Socket(Api),
    /// A signing secret: Slack connects to the daemon.
    Signing(RotatingSecret),
}

/// A channel with buttons.
pub struct Place {
    pub receiver: String,
    channel: String,
    api: Api,
    allow: Allow,
    home: OnceCell<Home>,
    /// User group -> its members, and when they were asked for.
    members: Mutex<HashMap<String, (Timestamp, BTreeSet<String>)>>,
}

/// The workspace, or the organization, that the bot belongs to.
struct Home {
    team: String,
    enterprise: Option<String>,
}

/// Why somebody may not.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    #[error("nobody may press these buttons: the configuration names nobody")]
    NobodyNamed,
    #[error("you are not among those who may press these buttons")]
    NotNamed,
    #[error("whether you may cannot be found out now: {0}")]
    CannotTell(String),
}

/// The apps of these receivers. Calls nobody.
pub fn apps(receivers: &[ReceiverConfig], tools: &Tools) -> Vec<Arc<App>> {
    let mut found: Vec<(&Door, App)> = Vec::new();
    for receiver in receivers {
        let ReceiverKind::Slack(config) = &receiver.kind else { continue };
        let Some(buttons) = config.buttons() else { continue };
        let place = Arc::new(Place {
            receiver: receiver.name.clone(),
            channel: config.channel().to_owned(),
            api: config.api(tools),
            allow: buttons.allow.clone(),
            home: OnceCell::new(),
            members: Mutex::default(),
        });
        match found.iter_mut().find(|(door, _)| **door == buttons.door) {
            Some((_, app)) => app.places.push(place),
            None => {
                let secret = match &buttons.door {
                    Door::Socket(token) => AppSecret::Socket(config.api_by(token, tools)),
                    Door::Http(key) => AppSecret::Signing(RotatingSecret::new(key.clone(), tools.secrets.clone())),
                };
                found.push((&buttons.door, App { secret, places: vec![place] }));
            }
        }
    }
    found.into_iter().map(|(_, app)| Arc::new(app)).collect()
}

impl App {
    /// Where something was pressed: the channel, and whose message it is, since several receivers may write to one channel.
    pub fn place(&self, press: &Interaction) -> Option<Arc<Place>> {
        let is_it =
            |place: &&Arc<Place>| place.channel == press.channel && mark(&place.receiver) == press.targets.receiver;
        self.places.iter().find(is_it).cloned()
    }
}

impl Place {
    /// Who this is, and whether they may press.
    pub async fn allowed(&self, user: &str, now: Timestamp) -> (Person, Result<(), Denied>) {
        let mut person = Person { id: user.to_owned(), email: None };
        let Allow { user_groups, emails } = &self.allow;
        if user_groups.is_empty() && emails.is_empty() {
            return (person, Err(Denied::NobodyNamed));
        }
        let mut failed = None;
        // Side by side: a form must be opened within three seconds.
        let members = futures::future::join_all(user_groups.iter().map(|group| self.is_member(group, user, now)));
        let (email, members) = tokio::join!(self.email(user, now), members);
        match email {
            Ok(email) => person.email = email,
            Err(error) if !emails.is_empty() => failed = Some(error),
            // It is only for the audit log, then.
            Err(_) => {}
        }
        if person.email.as_ref().is_some_and(|email| emails.contains(email)) {
            return (person, Ok(()));
        }
        for is_member in members {
            match is_member {
                Ok(true) => return (person, Ok(())),
                Ok(false) => {}
                Err(error) => failed = Some(error),
            }
        }
        let denied = failed.map_or(Denied::NotNamed, |error| Denied::CannotTell(error.error.to_string()));
        (person, Err(denied))
    }

    /// Is somebody in a user group? Its members are asked for once a minute at most, so that nobody's presses use up what Slack allows.
    async fn is_member(&self, group: &str, user: &str, now: Timestamp) -> Result<bool, ApiError> {
        let known = self.members.lock().await.get(group).cloned();
        if let Some((_, users)) = known.filter(|(at, _)| now.duration_since(*at).abs() < MEMBERS_HOLD) {
            return Ok(users.contains(user));
        }
        // Nobody waits for the lock while Slack is asked.
        let said = self.api.form("usergroups.users.list", &[("usergroup", group)], now).await?;
        let users = said.get("users").and_then(Value::as_array).into_iter().flatten();
        let users: BTreeSet<String> = users.filter_map(Value::as_str).map(str::to_owned).collect();
        let is_member = users.contains(user);
        self.members.lock().await.insert(group.to_owned(), (now, users));
        Ok(is_member)
    }

    /// The address of a member, in lowercase. Of people of other workspaces (shared channels), of guests whose address nobody confirmed and of
    /// robots there is none: they could have written any.
    async fn email(&self, user: &str, now: Timestamp) -> Result<Option<String>, ApiError> {
        let said = self.api.form("users.info", &[("user", user)], now).await?;
        let is = |key: &str| said.pointer(&format!("/user/{key}")).and_then(Value::as_bool);
        let text = |pointer: &str| said.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let is_doubtful = is("deleted") == Some(true)
            || is("is_bot") == Some(true)
            || is("is_stranger") == Some(true)
            || is("is_email_confirmed") == Some(false)
            || text("/user/id") != user;
        if is_doubtful {
            return Ok(None);
        }
        let home = self.home.get_or_try_init(|| self.ask_home(now)).await?;
        let enterprise = text("/user/enterprise_user/enterprise_id");
        let is_at_home =
            text("/user/team_id") == home.team || home.enterprise.as_deref().is_some_and(|own| own == enterprise);
        let email = text("/user/profile/email").to_ascii_lowercase();
        Ok((is_at_home && !email.is_empty()).then_some(email))
    }

    async fn ask_home(&self, now: Timestamp) -> Result<Home, ApiError> {
        let said = self.api.post("auth.test", &json!({}), now).await?;
        let text = |key: &str| said.get(key).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned);
        let team = text("team_id").ok_or_else(|| DeliveryError::retry("auth.test named no workspace"))?;
        Ok(Home { team, enterprise: text("enterprise_id") })
    }

    /// Tells one person something, in the channel, and nobody else.
    pub async fn tell(&self, user: &str, text: &str, now: Timestamp) -> Result<(), ApiError> {
        let body = json!({
            "channel": self.channel,
            "user": user,
            "text": escaped(text, 1_000),
            "blocks": [{"type": "section", "text": plain(text, 3_000)}],
        });
        self.api.post("chat.postEphemeral", &body, now).await.map(|_| ())
    }

    /// Shows a form to whoever this token belongs to.
    pub async fn open_view(&self, trigger_id: &str, view: &Value, now: Timestamp) -> Result<(), ApiError> {
        self.api.post("views.open", &json!({"trigger_id": trigger_id, "view": view}), now).await.map(|_| ())
    }
}
