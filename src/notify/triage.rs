//! The triage note: one or two plain sentences on a finding from a language model, off by default. It is marked as generated wherever it is shown,
//! decides nothing, and a failure costs nothing but the note. Which findings get one, the daemon says; here is only how.
//!
//! What the model gets: kind, name, severity, rules and changes, as data and cut short. None of what the finding says of account, person and network
//! address (a value that differs may hold such a thing), nothing that is sensitive (such values left the finding long before), and no values at all where
//! `show_values` is false.

pub mod config;
mod prompt;

use std::time::Duration;

use jiff::Timestamp;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::header::{AUTHORIZATION, HeaderValue};
use reqwest::{Client, StatusCode, Url};
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};

use super::config::{OpenAddress, secret};
use super::{Tools, http};
use crate::aws::{BEDROCK_RUNTIME, SignedClient};
use crate::secret::RotatingSecret;
use crate::wording::message::Item;
use config::{Model, TriageConfig};

/// An alert does not wait longer for a note.
pub const PATIENCE: Duration = Duration::from_secs(10);
/// Two sentences are some fifty.
const TOKENS: u32 = 150;
/// A model's id is one segment of a path: its colons and slashes are encoded.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The call's IAM action is that of the older one.
const ACTION: &str = "bedrock:InvokeModel";

/// A model that can be asked.
pub struct Triage {
    backend: Backend,
    show_values: bool,
    patience: Duration,
}

enum Backend {
    Bedrock { client: SignedClient, path: String },
    OpenAi { http: Client, url: OpenAddress, model: String, api_key: Option<RotatingSecret> },
}

impl Triage {
    /// Calls nobody.
    ///
    /// # Errors
    /// Bedrock without a connection to AWS.
    pub async fn open(config: &TriageConfig, tools: &Tools) -> Result<Self, String> {
        let backend = match &config.model {
            Model::Bedrock { model, region, role } => {
                let aws = super::aws::connection(tools)?;
                let path = format!("/model/{}/converse", utf8_percent_encode(model, SEGMENT));
                Backend::Bedrock { client: aws.signed(BEDROCK_RUNTIME, region, role.as_ref(), &tools.http).await, path }
            }
            Model::OpenAi { url, model, api_key } => Backend::OpenAi {
                http: tools.http.clone(),
                url: url.open(tools),
                model: model.clone(),
                api_key: api_key.as_ref().map(|key| RotatingSecret::new(key.clone(), tools.secrets.clone())),
            },
        };
        Ok(Self { backend, show_values: config.show_values, patience: PATIENCE })
    }

    /// The note, if there is one; why there is none is told to the log alone.
    pub async fn note(&self, item: &Item, now: Timestamp) -> Option<String> {
        let facts = prompt::facts(item, self.show_values);
        let asked = tokio::time::timeout(self.patience, self.backend.ask(&facts, now)).await;
        let note = match asked.unwrap_or_else(|_| Err("it did not answer in time".to_owned())) {
            Ok(answer) => prompt::cleaned(&answer).ok_or_else(|| "its answer cannot be shown".to_owned()),
            Err(why) => Err(why),
        };
        note.inspect_err(|why| tracing::warn!(finding_id = item.finding_id, why, "no triage note")).ok()
    }
}

impl Backend {
    async fn ask(&self, facts: &str, now: Timestamp) -> Result<String, String> {
        match self {
            Self::Bedrock { client, path } => {
                let body = json!({
                    "system": [{"text": prompt::SYSTEM}],
                    "messages": [{"role": "user", "content": [{"text": facts}]}],
                    "inferenceConfig": {"maxTokens": TOKENS},
                });
                let answer = client.post(ACTION, path, body.to_string(), now).await;
                let answer = answer.map_err(|error| super::aws::error(&error, "the model").to_string())?;
                let answer: Value = serde_json::from_slice(&answer).map_err(|_| "its answer is no JSON")?;
                let parts = answer["output"]["message"]["content"].as_array().ok_or("its answer has no content")?;
                // Some models think aloud in parts of another form.
                Ok(parts.iter().filter_map(|part| part["text"].as_str()).collect())
            }
            Self::OpenAi { http, url, model, api_key } => {
                let url = completions(url.get(now).await.map_err(|error| error.to_string())?);
                // Newer models of OpenAI refuse the older name, other servers do not know the newer one.
                for limit in ["max_tokens", "max_completion_tokens"] {
                    let body = json!({
                        "model": model,
                        "messages": [{"role": "system", "content": prompt::SYSTEM}, {"role": "user", "content": facts}],
                        limit: TOKENS,
                    });
                    let mut request = http.post(url.clone()).json(&body);
                    if let Some(key) = api_key {
                        let key = secret(key, now).await.map_err(|error| error.to_string())?;
                        let mut value = HeaderValue::try_from(format!("Bearer {}", key.expose_secret()))
                            .map_err(|_| "the key is not the value of a header")?;
                        value.set_sensitive(true);
                        request = request.header(AUTHORIZATION, value);
                    }
                    let response = request.send().await.map_err(|error| http::unreachable(error).to_string())?;
                    match response.status() {
                        StatusCode::BAD_REQUEST => continue,
                        status if !status.is_success() => return Err(format!("it answered with {status}")),
                        _ => {}
                    }
                    let body = http::body(response).await.map_err(|error| error.to_string())?;
                    let answer: Value = serde_json::from_str(&body).map_err(|_| "its answer is no JSON")?;
                    let text = answer["choices"][0]["message"]["content"].as_str();
                    return text.map(str::to_owned).ok_or_else(|| "its answer has no content".to_owned());
                }
                Err("it refuses the request".to_owned())
            }
        }
    }
}

/// `https://api.openai.com/v1` -> `.../v1/chat/completions`; the whole address stays.
fn completions(mut url: Url) -> Url {
    let path = url.path().trim_end_matches('/');
    if !path.ends_with("/chat/completions") {
        let path = format!("{path}/chat/completions");
        url.set_path(&path);
    }
    url
}

#[cfg(test)]
mod tests;
