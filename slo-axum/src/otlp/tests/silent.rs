//! A collector that takes connections and never answers.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::*;

/// A collector that takes connections, as the operating system does for any listener, and never answers.
struct Silent {
    listener: TcpListener,
}

impl Silent {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.set_nonblocking(true).unwrap();
        Self { listener }
    }

    /// An hour of patience with it: whoever waits for its answer hangs this test.
    fn settings(&self) -> Settings {
        Settings::for_test(&self.listener.local_addr().unwrap().to_string())
    }

    /// The same for each protocol of this build.
    fn each(&self) -> Vec<Settings> {
        let http = self.settings();
        #[cfg(feature = "otlp-grpc")]
        let grpc = Settings {
            protocol: environment::Protocol::Grpc,
            ..http.clone()
        };
        vec![
            http,
            #[cfg(feature = "otlp-grpc")]
            grpc,
        ]
    }

    fn was_called(&self) -> bool {
        match self.listener.accept() {
            Ok(_) => true,
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::WouldBlock);
                false
            }
        }
    }
}

/// Who waited for the collector would wait an hour; these tests end.
fn starts_and_ends() {
    for settings in Silent::new().each() {
        let guard = reliability().push_otlp(&settings).unwrap();
        let deadline = Duration::from_millis(50);
        assert_eq!(guard.shutdown(deadline), Err(ShutdownError::TooLate { deadline }));
    }
}

#[test]
fn a_collector_that_never_answers_holds_up_no_plain_thread() {
    starts_and_ends();
}

#[tokio::test]
async fn a_collector_that_never_answers_holds_up_no_runtime_of_one_thread() {
    starts_and_ends();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_collector_that_never_answers_holds_up_no_runtime_of_several_threads() {
    starts_and_ends();
}

#[tokio::test]
async fn a_collector_that_never_answers_does_not_hold_up_a_dropped_guard() {
    for settings in Silent::new().each() {
        drop(reliability().push_otlp(&settings).unwrap());
    }
}

#[test]
fn a_second_push_is_refused_before_it_calls_anybody() {
    let (first, second) = (Silent::new(), Silent::new());
    let reliability = reliability();
    let guard = reliability.push_otlp(&first.settings()).unwrap();
    let refused = reliability.push_otlp(&second.settings());
    assert!(matches!(refused, Err(OtlpError::AlreadyInstrumented(_))), "{refused:?}");
    assert!(!second.was_called());
    let _too_late = guard.shutdown(Duration::from_millis(1));
}
