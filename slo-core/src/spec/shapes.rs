//! What texts of the spec look like: regular expressions that refuse the slips of a pen, and nothing that is right.

use super::keys::SpecShape;

/// The name of an SLO.
pub(super) const NAME: SpecShape = SpecShape::Text("[a-z][a-z0-9-]{0,62}");
/// The name of an environment.
pub(super) const ENVIRONMENT: &str = "[A-Za-z0-9._-]{1,63}";
/// The name of a label.
pub(super) const LABEL: &str = "[A-Za-z_][A-Za-z0-9_]{0,62}";
/// A share: `99.9%`.
pub(super) const PERCENT: SpecShape = SpecShape::Text(r"[0-9]+(\.[0-9]+)?%");
/// `30d`, `1d12h`.
pub(super) const DURATION: SpecShape = SpecShape::Text("([0-9]+[wdhms])+");
/// `800ms`, `1.5s`.
pub(super) const THRESHOLD: SpecShape = SpecShape::Text(r"[0-9]+(\.[0-9]+)?(ns|us|ms|s|m)");
/// `2026-01-31`.
pub(super) const DAY: &str = "[0-9]{4}-[0-9]{2}-[0-9]{2}";
/// `2026-01-31 02:00`.
pub(super) const TIME: SpecShape = SpecShape::Text("[0-9]{4}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}");
/// An address that a browser opens.
pub(super) const LINK: SpecShape = SpecShape::Text(r#"https?://[^\s"<>\\^`{|}@/?#]+([/?#][^\s"<>\\^`{|}]*)?"#);
/// A name of the IANA database.
pub(super) const ZONE: SpecShape = SpecShape::Text("[A-Za-z0-9_+/-]+");
/// The path of an endpoint.
pub(super) const PATH: SpecShape = SpecShape::Text(r#"/[^\s?#{}"<>\\^`|]*"#);
/// A query of an engine.
pub(super) const QUERY: SpecShape = SpecShape::Text(r"[\s\S]+");
