//! Users: the people of a workspace, to whom cases are assigned.

mod model;

pub use model::User;
