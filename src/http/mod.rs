//! HTTP, without any feature: bodies, problem documents, request ids.

mod answer;
mod body;
mod cursor;
pub mod described;
mod edge;
mod extract;
pub mod filters;
mod gate;
mod limits;
mod list;
mod parse;
mod problem;
mod problem_document;
mod problem_type;
mod query;
mod query_values;
mod rates;
mod stopping;

pub use answer::Answer;
pub use body::{JsonBody, RawBody};
pub use cursor::Cursor;
pub use edge::{Edge, edge};
pub use extract::{Id, Prefix, Segment, parameter};
pub use gate::Gate;
pub use limits::Limits;
pub use list::{PageView, list};
pub use parse::{Parsed, walked};
pub use problem::Problem;
pub use problem_document::{Place, ProblemDocument, ProblemError};
pub use problem_type::ProblemType;
pub use query::{ListQuery, NoQuery, Query};
pub use rates::{Allowance, Rates};
pub use stopping::Stopping;
