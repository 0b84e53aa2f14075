//! Telling others of a run: at once, or what another run had to leave behind.

#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::audit;
use super::notice::Notice;
use super::otlp::Collector;
use super::post::{Post, Taken, Untold};
use super::spool::{Entry, Spool};
use crate::prom::Access;

/// Somebody who can be told.
#[derive(Clone, Copy, Debug, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    Audit,
    Alertmanager,
    Webhook,
    Otlp,
}

impl Kind {
    const ALL: [Self; 4] = [Self::Audit, Self::Alertmanager, Self::Webhook, Self::Otlp];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Audit => "audit file",
            Self::Alertmanager => "Alertmanager",
            Self::Webhook => "webhook",
            Self::Otlp => "OTLP",
        }
    }

    const fn flag(self) -> &'static str {
        match self {
            Self::Audit => "--audit FILE",
            Self::Alertmanager => "--alertmanager",
            Self::Webhook => "--webhook",
            Self::Otlp => "--otlp",
        }
    }

    /// By what one logs in there; a file knows no login.
    const fn login(self) -> &'static str {
        match self {
            Self::Audit => "",
            Self::Alertmanager => "--alertmanager-bearer-token-file, -user or -header",
            Self::Webhook => "--webhook-bearer-token-file, -user or -header",
            Self::Otlp => "OTEL_EXPORTER_OTLP_HEADERS",
        }
    }

    /// What names whom to trust.
    const fn authority(self) -> &'static str {
        match self {
            Self::Audit => "",
            Self::Alertmanager => "--alertmanager-ca-file",
            Self::Webhook => "--webhook-ca-file",
            Self::Otlp => "OTEL_EXPORTER_OTLP_CERTIFICATE",
        }
    }
}

/// Somebody who is told by JSON: where, and what lets us in there.
#[derive(Clone, Debug, Default)]
struct Sink {
    url: Option<String>,
    access: Access,
}

/// Everybody who is told of runs.
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct Sinks {
    audit: Option<PathBuf>,
    alertmanager: Sink,
    webhook: Sink,
    collector: Option<Collector>,
    within: Duration,
}

impl Sinks {
    /// Nobody; whoever is added is told within so long.
    pub fn within(time: Duration) -> Self {
        Self {
            within: time,
            ..Self::default()
        }
    }

    /// A file that takes the records that could not be written before.
    pub fn audit(self, file: Option<PathBuf>) -> Self {
        Self { audit: file, ..self }
    }

    /// An Alertmanager: what stands before `/api/v2`.
    pub fn alertmanager(mut self, url: Option<String>) -> Self {
        self.alertmanager.url = url;
        self
    }

    /// What lets us in at the Alertmanager.
    pub fn let_into_alertmanager(mut self, access: Access) -> Self {
        self.alertmanager.access = access;
        self
    }

    /// An address that takes JSON.
    pub fn webhook(mut self, url: Option<String>) -> Self {
        self.webhook.url = url;
        self
    }

    /// What lets us in at the webhook.
    pub fn let_into_webhook(mut self, access: Access) -> Self {
        self.webhook.access = access;
        self
    }

    /// Who takes the decision as a metric.
    pub fn collector(self, collector: Option<Collector>) -> Self {
        Self { collector, ..self }
    }

    /// Whether people hear of what is announced; a metric tells nobody who and why.
    #[must_use]
    pub const fn reach_people(&self) -> bool {
        self.alertmanager.url.is_some() || self.webhook.url.is_some()
    }

    const fn have(&self, kind: Kind) -> bool {
        match kind {
            Kind::Audit => self.audit.is_some(),
            Kind::Alertmanager => self.alertmanager.url.is_some(),
            Kind::Webhook => self.webhook.url.is_some(),
            Kind::Otlp => self.collector.is_some(),
        }
    }

    /// Whom of these a run concerns.
    pub(super) fn of(&self, notice: &Notice) -> Vec<Kind> {
        let concerns = |kind: &Kind| {
            self.have(*kind)
                && match kind {
                    Kind::Audit => notice.unrecorded.is_some(),
                    Kind::Alertmanager | Kind::Webhook => notice.announcement.is_some(),
                    Kind::Otlp => true,
                }
        };
        Kind::ALL.into_iter().filter(concerns).collect()
    }

    fn tell(&self, kind: Kind, notice: &Notice, now: DateTime<Utc>, within: Duration) -> Result<(), Untold> {
        let post = |url: &str, access: &Access, body: Option<serde_json::Value>| match body {
            Some(body) => Post {
                url,
                content_type: "application/json",
                headers: access.headers().clone(),
                body: body.to_string().as_bytes(),
                trusted: access.trusted(),
                within,
            }
            .send()
            .map(Some),
            None => Ok(None),
        };
        let told = match (kind, &self.alertmanager, &self.webhook, &self.collector) {
            (Kind::Audit, ..) => self.record(notice, within),
            (
                Kind::Alertmanager,
                Sink {
                    url: Some(base),
                    access,
                },
                ..,
            ) => post(
                &format!("{}/api/v2/alerts", base.trim_end_matches('/')),
                access,
                notice.alert(now),
            )
            .and_then(|taken| no_page(taken, Taken::is_markup, "no Alertmanager does")),
            (Kind::Webhook, _, Sink { url: Some(url), access }, _) => post(url, access, notice.webhook())
                .and_then(|taken| no_page(taken, Taken::is_page, "a login does and no webhook")),
            (Kind::Otlp, .., Some(collector)) => collector.tell(notice, within),
            _ => Ok(()),
        };
        told.map_err(|untold| untold.advised(kind.login(), kind.authority()))
    }

    /// Writes down what could not be when it was decided; the record says when that was.
    fn record(&self, notice: &Notice, within: Duration) -> Result<(), Untold> {
        let (Some(file), Some(record)) = (&self.audit, &notice.unrecorded) else {
            return Ok(());
        };
        let record = RawValue::from_string(record.clone()).map_err(|error| Untold::Never(error.to_string()))?;
        let appended = audit::append(file, &record, within);
        appended.map(drop).map_err(|error| Untold::NotNow(error.to_string()))
    }
}

/// An Alertmanager says nothing to an alert that it took, and a webhook shows no page. Whoever does, as a login, is neither.
fn no_page(taken: Option<Taken>, is_page: impl Fn(&Taken) -> bool, which: &str) -> Result<(), Untold> {
    match taken.filter(is_page) {
        Some(_) => Err(Untold::NotNow(format!(
            "it answered with a page, which {which}; is this its address?"
        ))),
        None => Ok(()),
    }
}

/// One telling of everything that there is to tell.
pub(super) struct Telling<'a> {
    sinks: &'a Sinks,
    now: DateTime<Utc>,
    /// When this has to be over, whoever is still to be told.
    until: Instant,
    /// Who did not answer. They are not asked again: twenty notices would wait twenty times as long as one, and one that
    /// is told now would come before those that were not.
    gone: BTreeSet<Kind>,
    complaints: Vec<String>,
}

impl<'a> Telling<'a> {
    pub(super) fn new(sinks: &'a Sinks, now: DateTime<Utc>) -> Self {
        Self {
            sinks,
            now,
            until: Instant::now() + sinks.within,
            gone: BTreeSet::new(),
            complaints: Vec::new(),
        }
    }

    /// Tells whoever has to be told and is there; keeps who was not.
    pub(super) fn tell(&mut self, notice: &mut Notice) {
        let left = notice
            .to_tell
            .iter()
            .copied()
            .filter(|kind| !self.is_done(*kind, notice));
        notice.to_tell = left.collect();
    }

    fn is_done(&mut self, kind: Kind, notice: &Notice) -> bool {
        if self.gone.contains(&kind) || !self.sinks.have(kind) {
            return false;
        }
        match self.sinks.tell(kind, notice, self.now, self.left()) {
            Ok(()) => true,
            Err(Untold::NotNow(why)) => {
                self.gone.insert(kind);
                self.complaints.push(format!("NOT ANNOUNCED: {}: {why}", kind.as_str()));
                false
            }
            Err(Untold::Never(why)) => {
                let what = format!("NOT ANNOUNCED, and not tried again: {}: {why}", kind.as_str());
                self.complaints.push(what);
                true
            }
        }
    }

    /// A timeout of zero would be none.
    fn left(&self) -> Duration {
        let left = self.until.saturating_duration_since(Instant::now());
        left.max(Duration::from_millis(1))
    }

    /// Tells what lies in the spool, the oldest first; what cannot be told yet stays.
    pub(super) fn empty(&mut self, spool: &Spool) {
        let entries = match spool.entries() {
            Ok(entries) => entries,
            Err(why) => return self.complaints.push(format!("the spool cannot be read: {why}")),
        };
        let mut waiting = BTreeSet::new();
        let mut count = 0_u32;
        for entry in entries {
            let Some(left) = self.try_entry(spool, entry) else {
                continue;
            };
            count += 1;
            waiting.extend(left);
        }
        if count > 0 {
            let whom: Vec<_> = waiting.into_iter().map(Kind::flag).collect();
            self.complaints.push(format!(
                "{count} in the spool wait for the next run with {}",
                whom.join(", ")
            ));
        }
    }

    /// Whom an entry still waits for; `None` when it is gone.
    fn try_entry(&mut self, spool: &Spool, entry: Entry) -> Option<Vec<Kind>> {
        let Entry { name, notice } = entry;
        let Some(mut notice) = notice else {
            self.complaints.push(format!(
                "`{name}` in the spool is no notice of ours; look at it and remove it"
            ));
            return None;
        };
        let before = notice.to_tell.len();
        self.tell(&mut notice);
        let kept = match notice.to_tell.as_slice() {
            [] => spool.remove(&name),
            left if left.len() < before => spool.write(&name, &notice),
            _ => Ok(()),
        };
        if let Err(why) = kept {
            self.complaints.push(format!(
                "the spool cannot be written, so that some are told twice: {why}"
            ));
        }
        Some(notice.to_tell).filter(|left| !left.is_empty())
    }

    /// What went wrong.
    pub(super) fn into_complaints(self) -> Vec<String> {
        self.complaints
    }
}

/// Tells everybody of this run, and of those before that could not be told; what went wrong, in sentences.
///
/// With a spool a notice is written down before anybody is told, and removed after: a run that is ended in between is
/// told by the next, at worst twice.
pub(crate) fn tell(mut notice: Notice, sinks: &Sinks, spool: Option<&Spool>, now: DateTime<Utc>) -> Vec<String> {
    notice.to_tell = sinks.of(&notice);
    let mut telling = Telling::new(sinks, now);
    if notice.unrecorded.is_some() {
        // It has just been tried.
        telling.gone.insert(Kind::Audit);
    }
    let Some(spool) = spool else {
        telling.tell(&mut notice);
        if !notice.to_tell.is_empty() {
            let words = "it is not kept: give --spool a folder that the next run sees, and that run tells it";
            telling.complaints.push(words.to_owned());
        }
        return telling.into_complaints();
    };
    let is_kept = match spool.put(&notice) {
        Ok(()) => true,
        Err(why) => {
            telling.complaints.push(format!("NOT SPOOLED: {why}"));
            false
        }
    };
    match spool.lock(telling.left().min(sinks.within)) {
        Ok(_lock) => telling.empty(spool),
        Err(why) => telling.complaints.push(format!("left in the spool: {why}")),
    }
    if !is_kept {
        telling.tell(&mut notice);
    }
    telling.into_complaints()
}
