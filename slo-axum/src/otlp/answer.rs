//! What a collector says to a push that it took.

use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceResponse;

use crate::shortened::shortened;

/// Accepted, wholly or in part.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Answer {
    /// Data points that it did not take, and will not take when they are sent again.
    pub(super) rejected: u64,
    /// Why, or a word of advice when it took all; may be empty. Fit for a log, whatever a collector sends.
    pub(super) message: String,
}

impl From<ExportMetricsServiceResponse> for Answer {
    fn from(response: ExportMetricsServiceResponse) -> Self {
        let partial = response.partial_success.unwrap_or_default();
        Self {
            rejected: u64::try_from(partial.rejected_data_points).unwrap_or_default(),
            message: shortened(&partial.error_message),
        }
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsPartialSuccess;

    use super::*;

    #[test]
    fn a_page_of_words_is_cut_and_cleaned() {
        let partial = ExportMetricsPartialSuccess {
            rejected_data_points: 0,
            error_message: "\u{1b}[2Jslow down\n".repeat(100_000),
        };
        let message = Answer::from(ExportMetricsServiceResponse {
            partial_success: Some(partial),
        })
        .message;
        assert!(message.chars().count() < 600 && message.ends_with('…'), "{message}");
        assert!(!message.contains(char::is_control), "{message}");
    }

    #[test]
    fn points_that_were_rejected_are_told_and_never_less_than_none() {
        let answer = |rejected_data_points| {
            let partial = ExportMetricsPartialSuccess {
                rejected_data_points,
                error_message: "too many series".to_owned(),
            };
            Answer::from(ExportMetricsServiceResponse {
                partial_success: Some(partial),
            })
        };
        assert_eq!((answer(3).rejected, answer(3).message.as_str()), (3, "too many series"));
        assert_eq!(answer(-1).rejected, 0);
        assert_eq!(Answer::from(ExportMetricsServiceResponse::default()), Answer::default());
    }
}
