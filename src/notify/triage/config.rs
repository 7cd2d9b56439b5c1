//! The section `triage`: which language model writes notes, if any does.

use std::path::Path;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_saphyr::Spanned;

use crate::aws::AssumeRole;
use crate::diagnostic::{Diagnostic, Diagnostics};
use crate::notify::aws;
use crate::notify::config::{Address, RawAddress, address};
use crate::secret::config::{RawSecret, RawSecretKeys};
use crate::secret::{self, SecretRef};
use crate::yaml::{TextOr, position};

/// A language model that writes one or two sentences on the worst finding of a first message; off unless one is given.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RawTriage {
    /// Give the model desired and live values; without, only what differs. Sensitive values it never gets.
    show_values: bool,
    /// A model of Amazon Bedrock.
    bedrock: Option<RawBedrock>,
    /// Anything that speaks OpenAI's chat completions.
    #[schemars(with = "Option<RawOpenAi>")]
    openai: Option<Spanned<RawOpenAi>>,
}

impl Default for RawTriage {
    fn default() -> Self {
        Self { show_values: true, bedrock: None, openai: None }
    }
}

/// A model of Amazon Bedrock.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawBedrock {
    /// Id or ARN of the model or of its inference profile.
    #[schemars(with = "String")]
    model: Spanned<String>,
    /// Its region.
    #[schemars(with = "String")]
    region: Spanned<String>,
    /// A role to assume for it.
    #[schemars(with = "Option<String>")]
    role_arn: Option<Spanned<String>>,
    /// What that role's trust policy asks for.
    #[schemars(with = "Option<String>")]
    external_id: Option<Spanned<String>>,
}

/// Anything that speaks OpenAI's chat completions.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct RawOpenAi {
    /// Its address, up to `/v1` or with `/chat/completions`; a secret, where a token stands in it.
    #[schemars(with = "TextOr<RawSecretKeys>")]
    url: RawAddress,
    /// The model's name.
    #[schemars(with = "String")]
    model: Spanned<String>,
    /// The key, sent as `Authorization: Bearer`; none for a server that asks for none.
    #[schemars(with = "Option<TextOr<RawSecretKeys>>")]
    api_key: Option<RawSecret>,
    /// Ask without encryption on another machine, too: whoever is on the way can read what is asked. Never with a key.
    #[serde(default)]
    allow_unencrypted: bool,
}

/// A valid section.
#[derive(Debug, Clone, PartialEq)]
pub struct TriageConfig {
    pub model: Model,
    /// Does the model get values, or only the paths of what differs?
    pub show_values: bool,
}

/// Who is asked.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::large_enum_variant, reason = "there is one of it")]
pub enum Model {
    Bedrock { model: String, region: String, role: Option<AssumeRole> },
    OpenAi { url: Address, model: String, api_key: Option<SecretRef> },
}

impl RawTriage {
    /// What of the section is valid, if a model is given; every mistake goes to `diagnostics`.
    pub fn validate(self, diagnostics: &mut Diagnostics) -> Option<TriageConfig> {
        let Self { show_values, bedrock, openai } = self;
        if let (Some(_), Some(openai)) = (&bedrock, &openai) {
            let mistake = Diagnostic::error("config/not-one-of", "a triage note is written by one model");
            diagnostics.add(mistake.with_hint("write `bedrock` or `openai`"), position(openai));
        }
        let of_bedrock = bedrock.and_then(|bedrock| bedrock.validate(diagnostics));
        let of_openai = openai.and_then(|openai| openai.value.validate(diagnostics));
        Some(TriageConfig { model: of_bedrock.or(of_openai)?, show_values })
    }
}

/// A model without a name is asked for nothing.
fn name(raw: Spanned<String>, diagnostics: &mut Diagnostics) -> Option<String> {
    if raw.value.trim().is_empty() {
        diagnostics.error("config/empty-value", position(&raw), "the name of a model is empty");
        return None;
    }
    Some(raw.value)
}

impl RawBedrock {
    fn validate(self, diagnostics: &mut Diagnostics) -> Option<Model> {
        let Self { model, region, role_arn, external_id } = self;
        let model = name(model, diagnostics);
        // It becomes part of a host.
        let before = diagnostics.errors();
        let region = aws::region(Some(region), diagnostics).filter(|_| diagnostics.errors() == before);
        let role = aws::role(role_arn, external_id, diagnostics);
        Some(Model::Bedrock { model: model?, region: region?, role })
    }
}

impl RawOpenAi {
    fn validate(self, diagnostics: &mut Diagnostics) -> Option<Model> {
        let Self { url, model, api_key, allow_unencrypted } = self;
        let url = address(url, allow_unencrypted && api_key.is_none(), diagnostics);
        let model = name(model, diagnostics);
        let api_key = api_key.and_then(|key| secret::config::validate(key, diagnostics));
        Some(Model::OpenAi { url: url?, model: model?, api_key })
    }
}

impl TriageConfig {
    /// The secrets that it refers to.
    pub fn secrets(&self) -> Vec<&SecretRef> {
        match &self.model {
            Model::Bedrock { .. } => Vec::new(),
            Model::OpenAi { url, api_key, .. } => url.secret().into_iter().chain(api_key).collect(),
        }
    }

    /// Takes relative paths as relative to this folder.
    pub fn resolve(&mut self, folder: &Path) {
        if let Model::OpenAi { url, api_key, .. } = &mut self.model {
            url.resolve(folder);
            api_key.iter_mut().for_each(|key| key.resolve(folder));
        }
    }
}
