//! Who is told: a webhook behind a real Alertmanager.

use std::net::Ipv4Addr;
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::State;
use axum::routing::post;
use axum::{Router, body::Bytes};
use e2e::{Alertmanager, Failure, Http, Port};
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::runtime::Runtime;

use crate::lane::{SLO, slo};

type Told = Arc<Mutex<Vec<Value>>>;

/// Alertmanager with the inhibition that `slo rules` writes and a reader for the tier `gold`, and what it told.
pub(crate) struct People {
    pub(crate) alertmanager: Alertmanager,
    told: Told,
    // Serves the webhook until it is dropped.
    _runtime: Runtime,
}

impl People {
    pub(crate) fn start() -> Result<Self, Failure> {
        let (told, runtime) = (Told::default(), Runtime::new()?);
        let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0)))?;
        let url = format!("http://{}/", listener.local_addr()?);
        let router = Router::new().route("/", post(hear)).with_state(Arc::clone(&told));
        runtime.spawn(async move { axum::serve(listener, router).await });
        let inhibition = slo(&["rules", "--alertmanager"])?;
        let config = format!(
            "route:\n  receiver: people\n  group_by: ['...']\n  group_wait: 1s\n  group_interval: 1s\n  repeat_interval: 1h\n  \
             routes: [{{ receiver: gold, matchers: ['tier = \"gold\"'] }}]\n\
             receivers:\n  - {{ name: people, webhook_configs: [{{ url: '{url}', send_resolved: true }}] }}\n  \
             - {{ name: gold, webhook_configs: [{{ url: '{url}', send_resolved: true }}] }}\n{inhibition}"
        );
        Ok(Self {
            alertmanager: Alertmanager::start_on(Port::Free, &config)?,
            told,
            _runtime: runtime,
        })
    }

    /// The alerts that Alertmanager knows of now, each once.
    pub(crate) fn alerts(&self) -> Result<Vec<Alert>, String> {
        let url = format!("{}/api/v2/alerts", self.alertmanager.url());
        let body = Http::new().get(&url).map_err(|error| error.to_string())?.body;
        let alerts: Vec<Value> = serde_json::from_str(&body).map_err(|error| format!("{error}: {body}"))?;
        Ok(alerts.iter().map(Alert::read).collect())
    }

    /// What was told of a severity with this status, `firing` or `resolved`: the texts.
    pub(crate) fn told(&self, severity: &str, status: &str) -> Vec<Value> {
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let alerts = told.iter().flat_map(|message| message["alerts"].as_array()).flatten();
        let wanted = |alert: &&Value| alert["status"] == status && alert["labels"]["severity"] == severity;
        alerts
            .filter(wanted)
            .map(|alert| alert["annotations"].clone())
            .collect()
    }
}

impl People {
    /// Of each alert that was told, its reader and these of its labels.
    pub(crate) fn heard(&self, labels: &[&str]) -> Vec<Vec<String>> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |message: &Value| -> Vec<Vec<String>> {
            let alerts = message["alerts"].as_array().into_iter().flatten();
            let one = |alert: &Value| {
                let labels = labels.iter().map(|label| text(&alert["labels"][*label]));
                [text(&message["receiver"])].into_iter().chain(labels).collect()
            };
            alerts.map(one).collect()
        };
        told.iter().flat_map(of).collect()
    }
}

async fn hear(State(told): State<Told>, body: Bytes) {
    let message = serde_json::from_slice(&body).unwrap_or(Value::Null);
    told.lock().unwrap_or_else(PoisonError::into_inner).push(message);
}

/// One alert in Alertmanager.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Alert {
    pub(crate) severity: String,
    /// Whether it is the burn of the promise that is broken here.
    pub(crate) is_ours: bool,
    pub(crate) fingerprint: String,
    pub(crate) inhibited_by: Vec<String>,
}

impl Alert {
    fn read(alert: &Value) -> Self {
        let label = |name: &str| alert["labels"][name].as_str().unwrap_or_default().to_owned();
        let inhibitors = alert["status"]["inhibitedBy"].as_array().into_iter().flatten();
        Self {
            severity: label("severity"),
            is_ours: label("alertname") == "SloErrorBudgetBurn" && label("slo_name") == SLO,
            fingerprint: alert["fingerprint"].as_str().unwrap_or_default().to_owned(),
            inhibited_by: inhibitors.filter_map(Value::as_str).map(str::to_owned).collect(),
        }
    }
}
