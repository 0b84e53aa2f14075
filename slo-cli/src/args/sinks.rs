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

/// Arguments that say where somebody is and how to log in there: the same ones as for the engine, with a name before.
///
/// Each has its `help` beside its documentation: clap reads that only where it is one literal.
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

            #[doc = concat!("A header for ", $who, ", like `X-Scope-OrgID: team-a`; may be given several times.")]
            #[arg(
                id = concat!($flag, "-header"),
                long = concat!($flag, "-header"),
                value_name = "NAME: VALUE",
                help = concat!("A header for ", $who, ", like `X-Scope-OrgID: team-a`; may be given several times")
            )]
            pub headers: Vec<String>,

            #[doc = concat!("A file with a bearer token for ", $who, "; else the variable SLO_", $variable, "_TOKEN.")]
            #[arg(
                id = concat!($flag, "-bearer-token-file"),
                long = concat!($flag, "-bearer-token-file"),
                value_name = "FILE",
                help = concat!("A file with a bearer token for ", $who, "; else the variable SLO_", $variable, "_TOKEN"),
                conflicts_with = concat!($flag, "-user")
            )]
            pub bearer_token_file: Option<PathBuf>,

            #[doc = concat!(
                "The user of basic authentication at ", $who, "; the password is in --", $flag,
                "-password-file or the variable SLO_", $variable, "_PASSWORD."
            )]
            #[arg(
                id = concat!($flag, "-user"),
                long = concat!($flag, "-user"),
                value_name = "NAME",
                help = concat!(
                    "The user of basic authentication at ", $who, "; the password is in --", $flag,
                    "-password-file or the variable SLO_", $variable, "_PASSWORD"
                ),
                env = concat!("SLO_", $variable, "_USER"),
                hide_env_values = true
            )]
            pub user: Option<String>,

            #[doc = concat!("A file with the password of --", $flag, "-user.")]
            #[arg(
                id = concat!($flag, "-password-file"),
                long = concat!($flag, "-password-file"),
                value_name = "FILE",
                help = concat!("A file with the password of --", $flag, "-user"),
                requires = concat!($flag, "-user")
            )]
            pub password_file: Option<PathBuf>,

            #[doc = concat!("A file in PEM with the only certificates to trust for ", $who, "; Mozilla's when left out.")]
            #[arg(
                id = concat!($flag, "-ca-file"),
                long = concat!($flag, "-ca-file"),
                value_name = "FILE",
                help = concat!("A file in PEM with the only certificates to trust for ", $who, "; Mozilla's when left out")
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
