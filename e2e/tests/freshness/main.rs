//! The probe kit on the real Blackbox exporter, Prometheus, `VictoriaMetrics` with `vmalert`, and Alertmanager's checker:
//! whatever happens to a target, a probe finds exactly one of seven states.

mod alerts;
mod checkers;

mod endpoints;
mod kits;
mod live;
mod period;

mod played;
