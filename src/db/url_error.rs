//! What is wrong with a `DATABASE_URL`.

use thiserror::Error;

/// Why `DATABASE_URL` is invalid. No message repeats the URL, because it has a password.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum UrlError {
    #[error(
        "DATABASE_URL is not a URL of PostgreSQL, such as postgres://user:password@host/database or, with \
         several hosts, postgres://user:password@host1:5432,host2:5432/database?target_session_attrs=read-write"
    )]
    Malformed,
    #[error(
        "the {part} in DATABASE_URL has an unescaped {character}: write %{code:02X} instead",
        code = u32::from(*character)
    )]
    Unescaped { part: &'static str, character: char },
    #[error(
        "DATABASE_URL has an @ after a /: write %40 for an @ in the name of the database, or %2F for a / in the user \
         or password"
    )]
    AtAfterSlash,
    #[error(
        "DATABASE_URL names {hosts} hosts and {ports} ports: name one port, or one for each host"
    )]
    Ports { hosts: usize, ports: usize },
    #[error(
        "target_session_attrs in DATABASE_URL must be read-write, primary or any, since Dossier writes; it is {0}"
    )]
    Target(String),
}

/// Refuses a URL whose user or password has a character that would end it. `rest` is the URL without its scheme. The
/// last @ separates user and password from the hosts.
pub(super) fn refuse_unescaped(rest: &str) -> Result<(), UrlError> {
    let (before_query, query) = rest.split_once('?').unwrap_or((rest, ""));
    let first_name = query.split('=').next().unwrap_or_default();
    let (credentials, after) = match rest.rfind('@') {
        // An @ in the query belongs to a value, unless it is in the name of the first parameter.
        Some(at) if at < before_query.len() || first_name.contains('@') => rest.split_at(at),
        _ => ("", ""),
    };
    let Some(at) = credentials.find(['#', '?', '/']) else {
        // A URL of PostgreSQL has no fragment.
        return match rest.contains('#') {
            true => Err(UrlError::Unescaped {
                part: "name or value",
                character: '#',
            }),
            false => Ok(()),
        };
    };
    let (read, unread) = credentials.split_at(at);
    let character = unread.chars().next().unwrap_or('#');
    // Without a / after the @, the @ may belong to the name of the database.
    let has_path = after.split('?').next().is_some_and(|it| it.contains('/'));
    if character == '/' && !has_path {
        return Err(UrlError::AtAfterSlash);
    }
    let part = match read.contains(':') {
        true => "password",
        false => "user",
    };
    Err(UrlError::Unescaped { part, character })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str) -> Result<(), UrlError> {
        refuse_unescaped(url.split_once("://").unwrap().1)
    }

    #[test]
    fn names_the_part_with_an_unescaped_character() {
        for (url, words) in [
            (
                "postgres://u:se#cret@h/d",
                "the password in DATABASE_URL has an unescaped #: write %23",
            ),
            (
                "postgres://u:se?cret@h/d",
                "the password in DATABASE_URL has an unescaped ?: write %3F",
            ),
            (
                "postgres://u:se/cret@h/d",
                "the password in DATABASE_URL has an unescaped /: write %2F",
            ),
            (
                "postgres://u:12?secret@h:1/d?sslmode=disable",
                "the password in DATABASE_URL has an unescaped ?",
            ),
            (
                "postgres://us#er:secret@h/d",
                "the user in DATABASE_URL has an unescaped #",
            ),
            (
                "postgres://u:secret@h/d#x",
                "the name or value in DATABASE_URL has an unescaped #",
            ),
        ] {
            let message = check(url).expect_err(url).to_string();
            assert!(message.contains(words), "{message}");
            assert!(!message.contains("cret"), "{message}");
        }
        for url in [
            "postgres://u:s%23%3F%2F@h/d",
            "postgres://h/d?application_name=a@b",
            "postgres://u:p@h/d?options=-c%20x=a@b",
        ] {
            assert!(check(url).is_ok(), "{url}");
        }
    }

    #[test]
    fn explains_an_at_that_may_belong_to_the_database() {
        for url in [
            "postgres://h/da@ta",
            "postgres://h:5432/da@ta?sslmode=disable",
            "postgres:///da@ta?host=/run/postgresql",
            "postgres://u:p@h/da@ta",
            "postgres://u:se/cret@h",
        ] {
            assert_eq!(check(url), Err(UrlError::AtAfterSlash), "{url}");
        }
    }
}
