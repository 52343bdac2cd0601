//! `target_session_attrs`.

use std::str::FromStr;

use super::access::Access;
use super::url_error::UrlError;

/// The sessions that are used (`target_session_attrs`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Target {
    /// All sessions. One that cannot write is used only for reads.
    #[default]
    Any,
    /// Sessions that can write.
    ReadWrite,
    /// Sessions of a server that is not in recovery.
    Primary,
}

impl Target {
    /// Whether sessions with this access are used.
    pub(super) fn admits(self, access: Access) -> bool {
        match self {
            Self::Any => true,
            Self::ReadWrite => access.can_write(),
            Self::Primary => access != Access::Standby,
        }
    }
}

impl FromStr for Target {
    type Err = UrlError;

    fn from_str(text: &str) -> Result<Self, UrlError> {
        match text {
            "any" => Ok(Self::Any),
            "read-write" => Ok(Self::ReadWrite),
            "primary" => Ok(Self::Primary),
            _ => {
                let text: String = text.chars().filter(|it| !it.is_control()).collect();
                Err(UrlError::Target(text.chars().take(40).collect()))
            }
        }
    }
}
