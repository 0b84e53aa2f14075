//! How to log in at whoever is asked or told: from arguments, files and the environment, in one way for all.

use crate::args::{AlertmanagerArgs, EngineArgs, LoginArgs, WebhookArgs};
use crate::prom::{Access, Engine, EngineError, Login, Secret};

use super::Surroundings;

/// The engine that the arguments and the environment name.
///
/// # Errors
///
/// [`EngineError`] for an address, a header, a secret or certificates that cannot be used.
pub(super) fn engine(args: &EngineArgs, around: &impl Surroundings) -> Result<Engine, EngineError> {
    let access = access(of_engine(args), |name| around.variable(name))?;
    reached(args, &args.url, access)
}

/// One instance of a service. What the environment holds to log in with is for the engine, and not shown to others.
pub(super) fn instance(args: &EngineArgs, url: &str) -> Result<Engine, EngineError> {
    let said = of_engine(args);
    // A user may come from the environment as well.
    let user = said.user.filter(|_| said.password_file.is_some());
    let access = access(LoginArgs { user, ..said }, |_| None)?;
    reached(args, url, access)
}

/// What lets us in at the Alertmanager; nothing where there is none. Says which argument is wrong.
pub(super) fn alertmanager(args: &AlertmanagerArgs, around: &impl Surroundings) -> Result<Access, String> {
    of_sink("the Alertmanager", args.url.as_deref(), args.login(), around)
}

/// The same for the webhook.
pub(super) fn webhook(args: &WebhookArgs, around: &impl Surroundings) -> Result<Access, String> {
    of_sink("the webhook", args.url.as_deref(), args.login(), around)
}

fn reached(args: &EngineArgs, url: &str, access: Access) -> Result<Engine, EngineError> {
    let builder = Engine::at(url).within(args.timeout).retries(args.retries);
    builder.let_in_by(access).build()
}

fn of_engine(args: &EngineArgs) -> LoginArgs<'_> {
    LoginArgs {
        headers: &args.headers,
        token_file: args.bearer_token_file.as_deref(),
        user: args.user.as_deref(),
        password_file: args.password_file.as_deref(),
        ca_file: args.ca_file.as_deref(),
        variables: ["SLO_PROMETHEUS_TOKEN", "SLO_PROMETHEUS_PASSWORD"],
        password_flag: "--password-file",
    }
}

/// Of somebody who need not be there: a token for nobody is no mistake.
fn of_sink(who: &str, url: Option<&str>, said: LoginArgs<'_>, around: &impl Surroundings) -> Result<Access, String> {
    if url.is_none_or(|url| url.trim().is_empty()) {
        return Ok(Access::default());
    }
    let access = access(said, |name| around.variable(name));
    access.map_err(|error| format!("slo: for {who}: {error}"))
}

fn access(said: LoginArgs<'_>, variable: impl Fn(&str) -> Option<String>) -> Result<Access, EngineError> {
    let headers = said.headers.iter();
    let mut access = headers
        .map(String::as_str)
        .try_fold(Access::default(), Access::header)?;
    if let Some(file) = said.ca_file {
        access = access.trusting(file)?;
    }
    match login(said, variable)? {
        Some(login) => access.login(&login),
        None => Ok(access),
    }
}

fn login(said: LoginArgs<'_>, variable: impl Fn(&str) -> Option<String>) -> Result<Option<Login>, EngineError> {
    let [token, password] = said.variables;
    let of = |name: &str| variable(name).filter(|value| !value.is_empty()).map(Secret::new);
    let token = match said.token_file {
        Some(file) => Some(Secret::from_file("bearer token", file)?),
        None => of(token),
    };
    let user = said.user.filter(|user| !user.is_empty());
    let login = match (user, token) {
        (Some(_), Some(_)) => return Err(EngineError::TwoLogins),
        (None, token) => return Ok(token.map(Login::Bearer)),
        (Some(user), None) => user.to_owned(),
    };
    let password = match said.password_file {
        Some(file) => Secret::from_file("password", file)?,
        None => of(password).ok_or_else(|| EngineError::Secret {
            what: "password",
            from: format!("the variable {password}"),
            reason: format!("it is not set; set it, or give {}", said.password_flag),
        })?,
    };
    Ok(Some(Login::Basic { user: login, password }))
}
