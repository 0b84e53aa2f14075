//! The engines, as somebody would run them: with caches, and with an age of data that windows of months need.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use e2e::{Binary, Failure, Http, Prom, Server, eventually};

use super::PATIENCE;

/// An engine that evaluates rules.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Engine {
    /// Prometheus alone.
    Prometheus,
    /// vmalert over VictoriaMetrics.
    VictoriaMetrics,
}

impl Engine {
    pub(crate) const BOTH: [Self; 2] = [Self::Prometheus, Self::VictoriaMetrics];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Prometheus => "Prometheus",
            Self::VictoriaMetrics => "vmalert + VictoriaMetrics",
        }
    }

    /// As `slo rules --engine` names it.
    pub(crate) const fn option(self) -> &'static str {
        match self {
            Self::Prometheus => "prometheus",
            Self::VictoriaMetrics => "victoriametrics",
        }
    }

    /// A store to load with months of samples, each series in order and the series in any order.
    pub(crate) fn empty(self) -> Result<Store, Failure> {
        // Half of a block's length is how far back Prometheus takes samples.
        self.open(
            None,
            &[
                "--storage.tsdb.min-block-duration=400d",
                "--storage.tsdb.max-block-duration=400d",
            ],
        )
    }

    /// A store on what [`Store::keep`] kept in the folder `data` of this one, with the rules of its folder `rules`.
    pub(crate) fn at(self, home: &Path) -> Result<Store, Failure> {
        self.open(Some(home), &[])
    }

    fn open(self, home: Option<&Path>, more_of_prometheus: &[&str]) -> Result<Store, Failure> {
        let server = Server::start_with(self.store(), self.ready(), |port, spot| {
            let mut args = self.arguments(port, spot, home.unwrap_or(spot));
            if self == Self::Prometheus {
                args.extend(more_of_prometheus.iter().map(OsString::from));
            }
            args
        });
        Ok(Store {
            engine: self,
            server: server?,
        })
    }

    const fn store(self) -> Binary {
        match self {
            Self::Prometheus => Binary::Prometheus,
            Self::VictoriaMetrics => Binary::VictoriaMetrics,
        }
    }

    const fn ready(self) -> &'static str {
        match self {
            Self::Prometheus => "/-/ready",
            Self::VictoriaMetrics => "/health",
        }
    }

    fn arguments(self, port: u16, spot: &Path, home: &Path) -> Vec<OsString> {
        let data = home.join("data");
        match self {
            Self::Prometheus => {
                let config = spot.join("prometheus.yml");
                let text = format!("rule_files: [\"{}/*.yaml\"]\n", home.join("rules").display());
                // A file that is not there is an error of the server's, in its own words.
                let _ = fs::write(&config, text);
                vec![
                    format!("--web.listen-address=127.0.0.1:{port}").into(),
                    with("--config.file=", &config),
                    with("--storage.tsdb.path=", &data),
                    "--storage.tsdb.retention.time=400d".into(),
                    "--web.enable-remote-write-receiver".into(),
                    "--web.enable-admin-api".into(),
                    "--web.enable-lifecycle".into(),
                ]
            }
            Self::VictoriaMetrics => vec![
                format!("-httpListenAddr=127.0.0.1:{port}").into(),
                with("-storageDataPath=", &data),
                "-retentionPeriod=2y".into(),
                // As docs/rules.md asks for: tiles are recorded up to five and a half minutes late.
                "-search.cacheTimestampOffset=10m".into(),
            ],
        }
    }
}

fn with(flag: &str, path: &Path) -> OsString {
    let mut text = OsString::from(flag);
    text.push(path);
    text
}

/// A running store.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) engine: Engine,
    pub(crate) server: Server,
}

impl Store {
    pub(crate) fn prom(&self) -> Prom {
        Prom::new(self.server.url())
    }

    /// Makes what was written so far visible.
    pub(crate) fn flush(&self) -> Result<(), Failure> {
        if self.engine == Engine::VictoriaMetrics {
            let url = format!("{}/internal/force_flush", self.server.url());
            Http::new().get(&url)?.accepted("GET", &url)?;
        }
        Ok(())
    }

    /// Ends it; what it holds is in this folder from now on, as blocks and without a log to read again.
    pub(crate) fn keep(mut self, folder: &Path) -> Result<(), Failure> {
        let data = self.server.folder().join("data");
        match self.engine {
            Engine::Prometheus => copy(&self.snapshot(&data)?, folder),
            Engine::VictoriaMetrics => {
                // Only what it has written when it ended is whole.
                self.server.process().stop(PATIENCE)?;
                copy(&data, folder)
            }
        }
    }

    fn snapshot(&self, data: &Path) -> Result<PathBuf, Failure> {
        let url = format!("{}/api/v1/admin/tsdb/snapshot", self.server.url());
        let reply = Http::waiting(PATIENCE).post(&url, "text/plain", "")?;
        let json: serde_json::Value = serde_json::from_str(&reply.body)?;
        let name = json["data"]["name"].as_str();
        let name = name.ok_or_else(|| Failure::new(format!("no snapshot: {}", reply.body)))?;
        Ok(data.join("snapshots").join(name))
    }

    /// Begins to evaluate the rules of these files, which are in the folder that it was told of.
    ///
    /// For VictoriaMetrics this is a process of its own, which is returned.
    pub(crate) fn evaluate(&self, rules: &Path) -> Result<Option<Server>, Failure> {
        let url = self.server.url();
        match self.engine {
            Engine::Prometheus => {
                let page = format!("{url}/-/reload");
                Http::waiting(PATIENCE)
                    .post(&page, "text/plain", "")?
                    .accepted("POST", &page)?;
                Ok(None)
            }
            Engine::VictoriaMetrics => {
                let server = Server::start_with(Binary::VmAlert, "/health", |port, _| {
                    vec![
                        format!("-httpListenAddr=127.0.0.1:{port}").into(),
                        format!("-datasource.url={url}").into(),
                        format!("-remoteWrite.url={url}").into(),
                        "-notifier.blackhole".into(),
                        with("-rule=", &rules.join("*.yaml")),
                    ]
                });
                Ok(Some(server?))
            }
        }
    }

    /// Waits until the store has no work left over from what was written.
    pub(crate) fn settle(&self) -> Result<(), Failure> {
        if self.engine == Engine::Prometheus {
            return Ok(());
        }
        let url = format!("{}/metrics", self.server.url());
        eventually(PATIENCE, || {
            let merges = super::metrics::read(&url)
                .map_err(|error| format!("{error:?}"))?
                .sum("vm_active_merges");
            if merges < 0.5 {
                Ok(())
            } else {
                Err(format!("{merges} merges"))
            }
        })?;
        Ok(())
    }
}

/// Copies a folder with all it holds.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), Failure> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
