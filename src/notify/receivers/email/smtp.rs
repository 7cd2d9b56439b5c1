//! One conversation with the relay: connect, encrypt, log in, hand the mail over. By hand and not by lettre's transport, which gives the mail
//! to nobody as soon as one recipient is refused, and does not say at which step it failed. A new connection for every mail: alerts are rare,
//! and an old connection would keep an old password.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;
use lettre::Address;
use lettre::transport::smtp::authentication::{Credentials, Mechanism};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension};
use secrecy::{ExposeSecret as _, SecretString};
use std::sync::Arc;

use super::config::{Config, Tls, Username};
use super::failure::{Answer, Step, failed};
use crate::notify::config::secret;
use crate::notify::{DeliveryError, Tools};
use crate::secret::{Resolver, RotatingSecret, SecretRef};

/// Both send the password as it is, within TLS; what hides it is offered by few relays and broken by design.
const MECHANISMS: &[Mechanism] = &[Mechanism::Plain, Mechanism::Login];

/// The answer to QUIT, for which a good client waits.
const GOODBYE: Duration = Duration::from_secs(2);

/// The relay that takes the mails.
pub(super) struct Relay {
    host: String,
    port: u16,
    tls: Tls,
    ca_file: Option<PathBuf>,
    login: Option<Login>,
    patience: Duration,
}

struct Login {
    username: OpenUsername,
    password: RotatingSecret,
    /// To read the password anew, past what is kept of it.
    reference: SecretRef,
    resolver: Arc<Resolver>,
}

enum OpenUsername {
    Plain(String),
    Secret(Box<RotatingSecret>),
}

/// What became of each recipient.
#[derive(Debug, Default)]
pub(super) struct Outcome {
    pub taken: Vec<Address>,
    /// The relay asks to try again: it is busy, or greylists.
    pub later: Vec<(Address, Answer)>,
    pub never: Vec<(Address, Answer)>,
}

impl Relay {
    pub(super) fn new(config: &Config, tools: &Tools, patience: Duration) -> Self {
        let rotating = |reference: &SecretRef| RotatingSecret::new(reference.clone(), tools.secrets.clone());
        let login = config.login.as_ref().map(|login| Login {
            username: match &login.username {
                Username::Plain(name) => OpenUsername::Plain(name.clone()),
                Username::Secret(reference) => OpenUsername::Secret(Box::new(rotating(reference))),
            },
            password: rotating(&login.password),
            reference: login.password.clone(),
            resolver: tools.secrets.clone(),
        });
        Self {
            host: config.host.clone(),
            port: config.port,
            tls: config.tls,
            ca_file: config.ca_file.clone(),
            login,
            patience,
        }
    }

    /// Hands the mail over, to all who are taken.
    pub(super) async fn send(
        &self,
        from: &Address,
        to: &[Address],
        mail: &[u8],
        now: Timestamp,
    ) -> Result<Outcome, DeliveryError> {
        let talk = async {
            let mut connection = self.connect().await?;
            let told = self.hand_over(&mut connection, from, to, mail, now).await;
            Ok((connection, told))
        };
        let (mut connection, told) = tokio::time::timeout(self.patience, talk).await.unwrap_or_else(|_| {
            Err(DeliveryError::retry(format!("{}:{} did not answer in time", self.host, self.port)))
        })?;
        // It has the mail or not: how long it takes to say good-bye changes nothing.
        let _ = tokio::time::timeout(GOODBYE, connection.quit()).await;
        told
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, DeliveryError> {
        let own_name = ClientId::default();
        let wrapper = if self.tls == Tls::Implicit { Some(self.trust().await?) } else { None };
        let place = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(place, Some(self.patience), &own_name, wrapper, None)
            .await
            .map_err(|error| self.failed(Step::Connect, &error))?;
        if self.tls == Tls::Starttls {
            if !connection.server_info().supports_feature(Extension::StartTls) {
                // It may be somebody on the way who took the offer out: the alert is kept until it can be sent safely.
                let _ = connection.quit().await;
                return Err(DeliveryError::retry(format!(
                    "{}:{} does not offer STARTTLS, and nothing is sent unencrypted: use the port that does (587), or `tls: implicit` \
                     (465)",
                    self.host, self.port
                )));
            }
            let trust = self.trust().await?;
            connection.starttls(trust, &own_name).await.map_err(|error| self.failed(Step::Encrypt, &error))?;
        }
        Ok(connection)
    }

    /// The certificates that are trusted: the machine's, and those of `ca_file`. Read for every connection, as both are replaced at times.
    async fn trust(&self) -> Result<TlsParameters, DeliveryError> {
        let mut builder = TlsParameters::builder(self.host.clone());
        if let Some(path) = &self.ca_file {
            let failed =
                |why: String| DeliveryError::retry(format!("failed to read `ca_file` {}: {why}", path.display()));
            let pem = tokio::fs::read(path).await.map_err(|error| failed(error.to_string()))?;
            let certificates = Certificate::from_pem(&pem).ok();
            // A file without any is no error to the parser.
            let certificates = certificates.filter(|_| String::from_utf8_lossy(&pem).contains("BEGIN CERTIFICATE"));
            let none = || failed("it holds no certificates in PEM form".to_owned());
            builder = builder.add_root_certificate(certificates.ok_or_else(none)?);
        }
        builder.build().map_err(|_| match &self.ca_file {
            Some(path) => DeliveryError::retry(format!("`ca_file` {} holds no usable certificates", path.display())),
            None => {
                DeliveryError::retry("this machine has no CA certificates: install ca-certificates, or give `ca_file`")
            }
        })
    }

    async fn hand_over(
        &self,
        connection: &mut AsyncSmtpConnection,
        from: &Address,
        to: &[Address],
        mail: &[u8],
        now: Timestamp,
    ) -> Result<Outcome, DeliveryError> {
        if let Some(login) = &self.login {
            self.log_in(connection, login, now).await?;
        }
        let said = connection.command(Mail::new(Some(from.clone()), Vec::new())).await;
        said.map_err(|error| self.failed(Step::Sender, &error))?;
        let mut outcome = Outcome::default();
        for one in to {
            match connection.command(Rcpt::new(one.clone(), Vec::new())).await {
                Ok(_) => outcome.taken.push(one.clone()),
                Err(error) => match Answer::of(Step::Recipient, &error) {
                    Some(answer) if answer.closes() => return Err(self.failed(Step::Recipient, &error)),
                    Some(answer) if answer.passes() => outcome.later.push((one.clone(), answer)),
                    Some(answer) => outcome.never.push((one.clone(), answer)),
                    None => return Err(self.failed(Step::Recipient, &error)),
                },
            }
        }
        if !outcome.taken.is_empty() {
            connection.command(Data).await.map_err(|error| self.failed(Step::Content, &error))?;
            connection.message(mail).await.map_err(|error| self.failed(Step::Content, &error))?;
        }
        Ok(outcome)
    }

    async fn log_in(
        &self,
        connection: &mut AsyncSmtpConnection,
        login: &Login,
        now: Timestamp,
    ) -> Result<(), DeliveryError> {
        if connection.server_info().get_auth_mechanism(MECHANISMS).is_none() {
            return Err(DeliveryError::misconfigured(format!(
                "{}:{} offers no login by password (PLAIN or LOGIN): use its submission port, or leave out `username` and `password`",
                self.host, self.port
            )));
        }
        let username = match &login.username {
            OpenUsername::Plain(name) => name.clone(),
            OpenUsername::Secret(rotating) => secret(rotating, now).await?.expose_secret().to_owned(),
        };
        let password = secret(&login.password, now).await?;
        let credentials = Credentials::new(username, password.expose_secret().to_owned());
        let Err(error) = connection.auth(MECHANISMS, &credentials).await else { return Ok(()) };
        let is_no = Answer::of(Step::Login, &error).is_some_and(|answer| !answer.passes());
        if is_no && login.was_replaced(&password).await {
            return Err(DeliveryError::retry(
                "the password was just replaced: the new one is used within five minutes",
            ));
        }
        Err(self.failed(Step::Login, &error))
    }

    fn failed(&self, step: Step, error: &lettre::transport::smtp::Error) -> DeliveryError {
        failed(&format!("{}:{}", self.host, self.port), step, error)
    }
}

impl Login {
    /// Is the password another one where it lies? What lies in Vault or AWS is kept for some minutes.
    async fn was_replaced(&self, used: &SecretString) -> bool {
        let found = self.resolver.read(&self.reference).await;
        found.is_ok_and(|found| found.expose_secret() != used.expose_secret())
    }
}
