//! Reading a dashboard back.

use std::error::Error;

use serde_json::Value;

pub(crate) type Checked = Result<(), Box<dyn Error>>;

/// A dashboard.
pub(crate) struct Page(pub(crate) Value);

impl Page {
    pub(crate) fn parse(content: &str) -> Result<Self, Box<dyn Error>> {
        Ok(Self(serde_json::from_str(content)?))
    }

    pub(crate) fn uid(&self) -> Result<&str, Box<dyn Error>> {
        Ok(self.0["uid"].as_str().ok_or("no uid")?)
    }

    /// The name of the variable for the data source.
    pub(crate) fn datasource(&self) -> Result<&str, Box<dyn Error>> {
        let first = &self.0["templating"]["list"][0];
        Ok(first["name"].as_str().ok_or("no data source")?)
    }

    pub(crate) fn panel(&self, title: &str) -> Result<&Value, Box<dyn Error>> {
        let found = self.panels().find(|panel| panel["title"] == title);
        Ok(found.ok_or("no such panel")?)
    }

    pub(crate) fn panels(&self) -> impl Iterator<Item = &Value> {
        self.0["panels"].as_array().into_iter().flatten()
    }

    pub(crate) fn variables(&self) -> impl Iterator<Item = &Value> {
        self.0["templating"]["list"].as_array().into_iter().flatten()
    }

    /// Every panel's queries as lines.
    pub(crate) fn listing(&self) -> String {
        let mut lines = String::new();
        for panel in self.panels() {
            lines.push_str(&format!("## {}\n", panel["title"].as_str().unwrap_or_default()));
            for target in panel["targets"].as_array().into_iter().flatten() {
                lines.push_str(target["expr"].as_str().unwrap_or_default());
                lines.push('\n');
            }
        }
        lines
    }

    /// The upper threshold that fields of a panel have for themselves.
    pub(crate) fn overridden_thresholds(&self, title: &str) -> Result<Vec<String>, Box<dyn Error>> {
        let panel = self.panel(title)?;
        let overrides = panel["fieldConfig"]["overrides"].as_array().ok_or("no overrides")?;
        let each = overrides.iter().map(|change| {
            let name = change["matcher"]["options"].as_str().unwrap_or_default();
            format!("{name}: {}", change["properties"][0]["value"]["steps"][1]["value"])
        });
        Ok(each.collect())
    }
}
