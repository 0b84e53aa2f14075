//! How many series the layer may make.

/// Series of the duration histogram.
#[cfg_attr(not(feature = "otlp"), expect(dead_code, reason = "only our own provider is told"))]
pub(crate) const MAX_SERIES: usize = 2_000;
