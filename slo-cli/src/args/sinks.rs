//! Who else is asked or told, and how to log in there: the Alertmanager and a webhook.

use std::path::{Path, PathBuf};

use clap::Args;

/// What the arguments say of a login, under the names that it has for one of those who are asked.
#[derive(Clone, Copy, Debug)]
pub(crate) struct LoginArgs<'a> {
    pub(crate) headers: &'a [String],
    pub(crate) token_file: Option<&'a Path>,
    pub(crate) user: Option<&'a str>,
    pub(crate) password_file: Option<&'a Path>,
    pub(crate) ca_file: Option<&'a Path>,
    /// The variables that hold a token and a password.
    pub(crate) variables: [&'static str; 2],
    pub(crate) password_flag: &'static str,
}

/// What an argument of `somebody!` is: for its documentation, and for its help, as clap reads the former only where it is one
/// literal.
macro_rules! what_is {
    (header, $who:literal) => {
        concat!(
            "A header for ",
            $who,
            ", like `X-Scope-OrgID: team-a`; may be given several times"
        )
    };
    (token, $who:literal, $variable:literal) => {
        concat!(
            "A file with a bearer token for ",
            $who,
            "; else the variable SLO_",
            $variable,
            "_TOKEN"
        )
    };
    (user, $who:literal, $flag:literal, $variable:literal) => {
        concat!(
            "The user of basic authentication at ",
            $who,
            "; the password is in --",
            $flag,
            "-password-file or the variable SLO_",
            $variable,
            "_PASSWORD"
        )
    };
    (password, $flag:literal) => {
        concat!("A file with the password of --", $flag, "-user")
    };
    (certificates, $who:literal) => {
        concat!(
            "A file in PEM with the only certificates to trust for ",
            $who,
            "; Mozilla's when left out"
        )
    };
}

/// Arguments that say where somebody is and how to log in there: the same ones as for the engine, with a name before.
macro_rules! somebody {
    ($args:ident, $flag:literal, $variable:literal, $who:literal, $($doc:literal)+) => {
        #[doc = concat!("Where ", $who, " is, and how to log in there.")]
        ///
        /// Secrets come from a file or from the environment and never from the command line, where everybody on the machine
        /// could read them.
        #[derive(Args, Clone, Debug, Default)]
        #[group(skip)]
        #[non_exhaustive]
        pub struct $args {
            $(#[doc = $doc])+
            #[arg(id = $flag, long = $flag, value_name = "URL", env = concat!("SLO_", $variable, "_URL"), hide_env_values = true)]
            pub url: Option<String>,

            #[doc = concat!(what_is!(header, $who), ".")]
            #[arg(
                id = concat!($flag, "-header"),
                long = concat!($flag, "-header"),
                value_name = "NAME: VALUE",
                help = what_is!(header, $who)
            )]
            pub headers: Vec<String>,

            #[doc = concat!(what_is!(token, $who, $variable), ".")]
            #[arg(
                id = concat!($flag, "-bearer-token-file"),
                long = concat!($flag, "-bearer-token-file"),
                value_name = "FILE",
                help = what_is!(token, $who, $variable),
                conflicts_with = concat!($flag, "-user")
            )]
            pub bearer_token_file: Option<PathBuf>,

            #[doc = concat!(what_is!(user, $who, $flag, $variable), ".")]
            #[arg(
                id = concat!($flag, "-user"),
                long = concat!($flag, "-user"),
                value_name = "NAME",
                help = what_is!(user, $who, $flag, $variable),
                env = concat!("SLO_", $variable, "_USER"),
                hide_env_values = true
            )]
            pub user: Option<String>,

            #[doc = concat!(what_is!(password, $flag), ".")]
            #[arg(
                id = concat!($flag, "-password-file"),
                long = concat!($flag, "-password-file"),
                value_name = "FILE",
                help = what_is!(password, $flag),
                requires = concat!($flag, "-user")
            )]
            pub password_file: Option<PathBuf>,

            #[doc = concat!(what_is!(certificates, $who), ".")]
            #[arg(
                id = concat!($flag, "-ca-file"),
                long = concat!($flag, "-ca-file"),
                value_name = "FILE",
                help = what_is!(certificates, $who)
            )]
            pub ca_file: Option<PathBuf>,
        }

        impl $args {
            pub(crate) fn login(&self) -> LoginArgs<'_> {
                LoginArgs {
                    headers: &self.headers,
                    token_file: self.bearer_token_file.as_deref(),
                    user: self.user.as_deref(),
                    password_file: self.password_file.as_deref(),
                    ca_file: self.ca_file.as_deref(),
                    variables: [
                        concat!("SLO_", $variable, "_TOKEN"),
                        concat!("SLO_", $variable, "_PASSWORD"),
                    ],
                    password_flag: concat!("--", $flag, "-password-file"),
                }
            }
        }
    };
}

somebody!(
    AlertmanagerArgs,
    "alertmanager",
    "ALERTMANAGER",
    "the Alertmanager",
    "The Alertmanager: what stands before `/api/v2`. `slo gate` tells it of what passes although it should not: bypasses, and"
    "breaches that go back. `slo doctor` asks it."
);

somebody!(
    WebhookArgs,
    "webhook",
    "WEBHOOK",
    "the webhook",
    "An address that gets the same as the Alertmanager as JSON."
);
