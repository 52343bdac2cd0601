//! HTTP, without any feature: bodies, problem documents, request ids.

mod body;
mod edge;
mod extract;
mod limits;
mod problem;
mod problem_type;

pub use body::JsonBody;
pub use edge::{Edge, edge};
pub use extract::{Prefix, Segment};
pub use limits::Limits;
pub use problem::Problem;
pub use problem_type::ProblemType;
