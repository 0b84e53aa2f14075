//! What was logged, as lines: the level, the message, the fields.

use std::cell::RefCell;
use std::fmt;
use std::sync::OnceLock;

use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

/// Keeps the events of each thread apart. One subscriber for all tests: one per test and thread would race with the
/// others for who is asked.
#[derive(Debug)]
pub(in crate::life) struct Log;

thread_local! {
    static LINES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

impl Log {
    /// Keeps what this thread logs from here on.
    pub(in crate::life) fn begin() -> Self {
        static SET: OnceLock<bool> = OnceLock::new();
        assert!(SET.get_or_init(|| tracing::subscriber::set_global_default(Self).is_ok()));
        LINES.take();
        Self
    }

    pub(in crate::life) fn lines(&self) -> Vec<String> {
        LINES.with_borrow(Clone::clone)
    }
}

#[derive(Default)]
struct Line {
    message: String,
    fields: String,
}

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = format!("{value:?}"),
            name => self.fields.push_str(&format!(" {name}={value:?}")),
        }
    }
}

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}

    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &Event<'_>) {
        let mut line = Line::default();
        event.record(&mut line);
        let level = event.metadata().level();
        LINES.with_borrow_mut(|lines| lines.push(format!("{level} {}{}", line.message, line.fields)));
    }

    fn enter(&self, _: &Id) {}

    fn exit(&self, _: &Id) {}
}
