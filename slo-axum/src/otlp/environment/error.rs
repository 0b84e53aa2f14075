//! What a variable cannot say.

/// A standard variable that asks for what cannot be done.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum EnvironmentError {
    /// The endpoint is not an address to push to.
    #[error("{variable}=`{value}` is not an endpoint; write one like `http://127.0.0.1:4318`")]
    NotAnEndpoint {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
    },
    /// The variable asks for a feature of slo-axum that is not on.
    #[error(
        "{variable}=`{value}` needs the feature `{feature}` of slo-axum, which this build does not have; add it, or \
         {instead}"
    )]
    NotInThisBuild {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
        /// The feature.
        feature: &'static str,
        /// What to do without it.
        instead: &'static str,
    },
    /// The variable is no list of headers.
    #[error(
        "{variable} has an entry, number {number}, that is no header; write `name=value,other=value` with values \
         percent-encoded"
    )]
    NotHeaders {
        /// The variable; what it says may be a secret.
        variable: &'static str,
        /// Which entry, from 1.
        number: usize,
    },
    /// The file that the variable names cannot be used.
    #[error("{variable}=`{value}` cannot be used: {reason}")]
    Unusable {
        /// The variable.
        variable: &'static str,
        /// The file.
        value: String,
        /// Why.
        reason: String,
    },
    /// One variable of a pair.
    #[error("{variable} is set without {missing}; set both, or neither")]
    Alone {
        /// The variable.
        variable: &'static str,
        /// The other one.
        missing: &'static str,
    },
    /// The variable is not a count of milliseconds.
    #[error("{variable}=`{value}` is not a number of milliseconds from 1 on; write one like `{example}`")]
    NotMilliseconds {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        example: &'static str,
    },
    /// The variable asks for something this build does not have.
    #[error("{variable}=`{value}` is not supported; write `{supported}` or leave it unset")]
    Unsupported {
        /// The variable.
        variable: &'static str,
        /// What it says.
        value: String,
        /// What it may say.
        supported: &'static str,
    },
}
