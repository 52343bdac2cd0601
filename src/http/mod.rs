//! HTTP, without any feature: bodies, problem documents, request ids.

mod body;
mod edge;
mod problem;
mod problem_type;

pub use body::json_body;
pub use edge::{RequestId, edge};
pub use problem::Problem;
pub use problem_type::ProblemType;
