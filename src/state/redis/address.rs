//! Where a Redis or Valkey server is, and how a connection to it is made: plain, or by TLS with the system's
//! certificates.
//!
//! It must not know what is asked of the server, and it never shows a password.

use std::{fmt, sync::Arc, time::Duration};

use redis::{
    AsyncConnectionConfig, ErrorKind, RedisConnectionInfo, RedisError, ServerErrorKind, aio::MultiplexedConnection,
};
use rustls::{
    ClientConfig,
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use rustls_platform_verifier::Verifier;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

use crate::secret::Secret;

/// The port that such servers usually have.
const PORT: u16 = 6379;

/// How long it may take to connect and to sign in.
const CONNECTING: Duration = Duration::from_secs(2);

/// How commands queue for the connection. More wait in front of it.
const PIPELINE: usize = 512;

/// Where the server is: `redis://[USER@]HOST[:PORT][/DATABASE]`, or `rediss://…` for TLS.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisAddress {
    host: String,
    port: u16,
    user: Option<String>,
    database: i64,
    tls: bool,
}

impl RedisAddress {
    /// Reads an address.
    ///
    /// # Errors
    /// What is wrong with it. The text itself is not repeated, for it may hold a password.
    pub fn parse(text: &str) -> Result<Self, String> {
        let form = "expected redis://[USER@]HOST[:PORT][/DATABASE], or rediss://… for TLS".to_owned();
        let url = reqwest::Url::parse(text).map_err(|_| form.clone())?;
        let tls = match url.scheme() {
            "redis" | "valkey" => false,
            "rediss" | "valkeys" => true,
            _ => return Err(form),
        };
        if url.password().is_some() {
            let place = "a password does not belong into the address, where others can see it";
            return Err(format!("{place}; set WARP2API_STATE_PASSWORD to it"));
        }
        let host = url.host_str().filter(|host| !host.is_empty()).ok_or_else(|| form.clone())?;
        let host = host.trim_start_matches('[').trim_end_matches(']').to_owned();
        let database = match url.path().trim_matches('/') {
            "" => 0,
            number => number.parse::<u16>().map_err(|_| format!("{form}; a database is a number"))?.into(),
        };
        if url.query().is_some() || url.fragment().is_some() {
            return Err(format!("{form}, and nothing behind that"));
        }
        let user = percent_encoding::percent_decode_str(url.username()).decode_utf8_lossy().into_owned();
        let user = (!user.is_empty()).then_some(user);
        Ok(Self { host, port: url.port().unwrap_or(PORT), user, database, tls })
    }
}

impl fmt::Display for RedisAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "rediss" } else { "redis" };
        let host = if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        write!(f, "{scheme}://{host}:{}", self.port)?;
        if self.database != 0 { write!(f, "/{}", self.database) } else { Ok(()) }
    }
}

/// Makes connections to one server.
pub(super) struct Dialer {
    address: RedisAddress,
    sign_in: RedisConnectionInfo,
    tls: Option<TlsConnector>,
}

/// A connection, and the future that drives it: it ends when the connection does.
pub(super) type Dialed = (MultiplexedConnection, std::pin::Pin<Box<dyn Future<Output = ()>>>);

/// Why there is no connection.
#[derive(Debug)]
pub(super) enum DialError {
    /// The server is not there, or does not answer: that may pass.
    Away(String),
    /// The server does not let us in, or is not the one it says it is: that does not pass by itself.
    Refused(String),
}

impl Dialer {
    /// Connections to `address`, signed in with `password`, trusting `extra_ca_pem` beside the system's certificates.
    pub(super) fn new(
        address: RedisAddress,
        password: Option<&Secret>,
        extra_ca_pem: Option<&[u8]>,
    ) -> Result<Self, String> {
        let mut sign_in = RedisConnectionInfo::default().set_db(address.database);
        if let Some(user) = &address.user {
            sign_in = sign_in.set_username(user);
        }
        if let Some(password) = password {
            sign_in = sign_in.set_password(password.expose());
        }
        let sign_in = sign_in.set_lib_name(env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
        let tls = address.tls.then(|| connector(extra_ca_pem)).transpose()?;
        Ok(Self { address, sign_in, tls })
    }

    /// Where they go to.
    pub(super) fn address(&self) -> &RedisAddress {
        &self.address
    }

    /// A new connection.
    pub(super) async fn dial(&self) -> Result<Dialed, DialError> {
        let dialing = tokio::time::timeout(CONNECTING, self.connect()).await;
        dialing.unwrap_or_else(|_| Err(DialError::Away(format!("no answer within {} s", CONNECTING.as_secs()))))
    }

    async fn connect(&self) -> Result<Dialed, DialError> {
        let away = |error: std::io::Error| DialError::Away(error.to_string());
        let stream = TcpStream::connect((self.address.host.as_str(), self.address.port)).await.map_err(away)?;
        stream.set_nodelay(true).map_err(away)?;
        let Some(tls) = &self.tls else { return self.sign_in(stream).await };
        let name = ServerName::try_from(self.address.host.clone());
        let name = name.map_err(|_| DialError::Refused("its name cannot be that of a certificate".to_owned()))?;
        let stream = tls.connect(name, stream).await.map_err(|error| {
            let is_tls = error.get_ref().is_some_and(|inner| inner.is::<rustls::Error>());
            if is_tls { DialError::Refused(error.to_string()) } else { DialError::Away(error.to_string()) }
        })?;
        self.sign_in(stream).await
    }

    async fn sign_in<S>(&self, stream: S) -> Result<Dialed, DialError>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None)
            .set_pipeline_buffer_size(PIPELINE);
        let connected = MultiplexedConnection::new_with_config(&self.sign_in, stream, config).await;
        let (connection, driver) = connected.map_err(|error| refusal(&error))?;
        Ok((connection, Box::pin(driver)))
    }
}

/// What a failure to sign in means.
pub(super) fn refusal(error: &RedisError) -> DialError {
    let words = words(error);
    let code = error.code().unwrap_or_default();
    let is_lasting = matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig)
        || error.kind() == ErrorKind::Server(ServerErrorKind::NoPerm)
        || matches!(code, "WRONGPASS" | "NOAUTH" | "NOPERM");
    if is_lasting { DialError::Refused(words) } else { DialError::Away(words) }
}

/// What the server or the connection says; never any part of a command.
pub(super) fn words(error: &RedisError) -> String {
    match (error.kind(), error.code(), error.detail()) {
        (ErrorKind::AuthenticationFailed, ..) => "it does not take the user name and the password".to_owned(),
        (_, Some(code), Some(detail)) => format!("{code} {}", detail.chars().take(200).collect::<String>()),
        (..) => error.to_string(),
    }
}

fn connector(extra_ca_pem: Option<&[u8]>) -> Result<TlsConnector, String> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let extra: Result<Vec<_>, _> = extra_ca_pem.into_iter().flat_map(CertificateDer::pem_slice_iter).collect();
    let extra = extra.map_err(|error| format!("the further certificate authority cannot be read: {error}"))?;
    let verifier = Verifier::new_with_extra_roots(extra, Arc::clone(&provider));
    let verifier = verifier.map_err(|error| format!("the system's certificates cannot be used: {error}"))?;
    let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let config = config.map_err(|error| error.to_string())?;
    let config = config.dangerous().with_custom_certificate_verifier(Arc::new(verifier)).with_no_client_auth();
    Ok(TlsConnector::from(Arc::new(config)))
}
