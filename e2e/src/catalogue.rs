//! Which server binaries the project uses, and where each comes from.

use std::fmt;

/// A program of the monitoring world that the tests run for real.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum Binary {
    /// `VictoriaMetrics`, single node: takes OTLP, stores, answers `PromQL`.
    VictoriaMetrics,
    /// Takes OTLP and forwards it by remote write to any number of stores.
    VmAgent,
    /// `VictoriaMetrics`' rule engine.
    VmAlert,
    /// Unit tests for `vmalert` rules.
    VmAlertTool,
    /// Prometheus: stores what is remote-written, answers `PromQL`, evaluates rules.
    Prometheus,
    /// Checks and tests Prometheus rules.
    Promtool,
    /// Receives alerts.
    Alertmanager,
    /// Checks Alertmanager configurations.
    Amtool,
    /// Probes HTTP endpoints from outside.
    BlackboxExporter,
}

impl Binary {
    /// Every binary there is.
    pub const ALL: [Self; 9] = [
        Self::VictoriaMetrics,
        Self::VmAgent,
        Self::VmAlert,
        Self::VmAlertTool,
        Self::Prometheus,
        Self::Promtool,
        Self::Alertmanager,
        Self::Amtool,
        Self::BlackboxExporter,
    ];

    /// The executable's name in Debian.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::VictoriaMetrics => "victoria-metrics",
            Self::VmAgent => "vmagent",
            Self::VmAlert => "vmalert",
            Self::VmAlertTool => "vmalert-tool",
            Self::Prometheus => "prometheus",
            Self::Promtool => "promtool",
            Self::Alertmanager => "prometheus-alertmanager",
            Self::Amtool => "amtool",
            Self::BlackboxExporter => "prometheus-blackbox-exporter",
        }
    }

    /// The names under which the executable may be found, Debian's first, then those of the projects' own releases.
    #[must_use]
    pub const fn names(self) -> &'static [&'static str] {
        match self {
            Self::VictoriaMetrics => &["victoria-metrics", "victoria-metrics-prod"],
            Self::VmAgent => &["vmagent", "vmagent-prod"],
            Self::VmAlert => &["vmalert", "vmalert-prod"],
            Self::VmAlertTool => &["vmalert-tool", "vmalert-tool-prod"],
            Self::Prometheus => &["prometheus"],
            Self::Promtool => &["promtool"],
            Self::Alertmanager => &["prometheus-alertmanager", "alertmanager"],
            Self::Amtool => &["amtool"],
            Self::BlackboxExporter => &["prometheus-blackbox-exporter", "blackbox_exporter"],
        }
    }

    /// The Debian package that carries it.
    #[must_use]
    pub const fn package(self) -> &'static str {
        match self {
            Self::VictoriaMetrics | Self::VmAgent | Self::VmAlert | Self::VmAlertTool => "victoria-metrics",
            Self::Prometheus => "prometheus",
            Self::Promtool => "promtool",
            Self::Alertmanager | Self::Amtool => "prometheus-alertmanager",
            Self::BlackboxExporter => "prometheus-blackbox-exporter",
        }
    }

    /// The page with the project's own builds, for systems without apt.
    #[must_use]
    pub const fn releases(self) -> &'static str {
        match self {
            Self::VictoriaMetrics | Self::VmAgent | Self::VmAlert | Self::VmAlertTool => {
                "https://github.com/VictoriaMetrics/VictoriaMetrics/releases"
            }
            Self::Prometheus | Self::Promtool => "https://github.com/prometheus/prometheus/releases",
            Self::Alertmanager | Self::Amtool => "https://github.com/prometheus/alertmanager/releases",
            Self::BlackboxExporter => "https://github.com/prometheus/blackbox_exporter/releases",
        }
    }

    /// The Debian packages that carry all of them, each once, in a stable order.
    pub(crate) fn packages() -> Vec<&'static str> {
        let mut packages: Vec<_> = Self::ALL.iter().map(|binary| binary.package()).collect();
        packages.sort_unstable();
        packages.dedup();
        packages
    }
}

impl fmt::Display for Binary {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_package_is_fetched_once() {
        assert_eq!(
            Binary::packages(),
            [
                "prometheus",
                "prometheus-alertmanager",
                "prometheus-blackbox-exporter",
                "promtool",
                "victoria-metrics"
            ]
        );
    }

    #[test]
    fn debians_name_is_looked_for_first() {
        for binary in Binary::ALL {
            assert_eq!(binary.names().first(), Some(&binary.name()));
        }
    }
}
