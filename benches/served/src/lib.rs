//! The service that every layer is put around, bare, and the requests that it answers.

mod floor;
mod load;
mod pass_through;

pub use floor::{Floor, FloorFuture, FloorService};
pub use load::{Load, answer, app, drive};
pub use pass_through::{PassThrough, PassThroughService};
