//! A small harness for shared, noisy machines, and the layers that are compared on it.

mod collected;
mod compare;
mod layers;
mod measure;
mod pushed;
mod table;

pub use compare::{Effort, Variant, compare, is_smoke};
pub use layers::{Kind, Layered, all};
pub use measure::{measure, thread_cpu};
pub use table::Table;
