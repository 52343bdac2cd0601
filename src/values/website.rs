//! Absolute URLs.

use url::{Host, Url};

use super::characters::{describe_first_at, is_invisible, is_joiner};
use super::length;
use crate::validation::{Code, Fault, quote};

/// Checks an absolute http or https URL of up to 2,000 characters (WHATWG URL). It is stored as sent. Characters that a
/// browser removes or reads differently are refused, so that a browser opens exactly the stored URL.
///
/// # Errors
/// Returns `length`, `format`, or `character` for white space, an invisible character, `\`, `<`, `>` or `"`.
pub fn absolute_url<'s, T: From<&'s str>>(sent: &'s str) -> Result<T, Fault> {
    let url: &str = length(sent, 1, 2_000)?;
    let end = host_end(url);
    let is_refused = |at: usize, c: char| {
        let is_unseen = is_invisible(c) && !(at > end && is_joiner(c));
        c.is_whitespace() || is_unseen || matches!(c, '\\' | '<' | '>' | '"')
    };
    if let Some(found) = describe_first_at(url, is_refused) {
        let message = format!(
            "A web address cannot contain white space, invisible characters, \\, <, > or \"; {found} was found. \
             Remove it or percent-encode it."
        );
        return Err(Fault::new(Code::Character, message));
    }
    let reason = match check(url) {
        Ok(()) => return Ok(url.into()),
        Err(reason) => reason,
    };
    let message = format!(
        "\"{}\" is not a web address such as https://example.com: {reason}.",
        quote(sent)
    );
    Err(Fault::new(Code::Format, message))
}

/// The number of characters up to the end of the host. Browsers remove joiners up to there.
fn host_end(url: &str) -> usize {
    let host = url.split_once("://").map_or(url, |(_, rest)| rest);
    let rest = host.find(['/', '?', '#']).and_then(|at| host.get(at..));
    url.chars().count() - rest.map_or(0, |rest| rest.chars().count())
}

/// Checks a string without refused characters. Returns why it is not a URL.
fn check(text: &str) -> Result<(), &'static str> {
    let (scheme, rest) = text
        .split_once("://")
        .ok_or("it must begin with http:// or https://")?;
    if !["http", "https"]
        .iter()
        .any(|it| scheme.eq_ignore_ascii_case(it))
    {
        return Err("it must begin with http:// or https://");
    }
    // A browser skips further slashes and reads the host after them.
    if rest.starts_with('/') {
        return Err("there is no host after ://");
    }
    let url = Url::parse(text).map_err(|_| "its host or port is invalid")?;
    match url.host() {
        Some(Host::Domain(name)) if is_domain(name) => Ok(()),
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => Ok(()),
        Some(Host::Domain(_)) => Err("its host is not a valid host name"),
        None => Err("there is no host after ://"),
    }
}

/// Whether a host name has labels of 1 to 63 characters, at most 253 characters in all, and at most one dot at its end.
fn is_domain(name: &str) -> bool {
    let name = name.strip_suffix('.').unwrap_or(name);
    name.len() <= 253 && name.split('.').all(|label| (1..=63).contains(&label.len()))
}

#[cfg(test)]
mod tests {
    use super::absolute_url;
    use crate::validation::Code;

    #[test]
    fn is_absolute_and_http() {
        for sent in [
            "HTTPS://example.com/a?b#c",
            "http://[::1]:80/",
            "https://user@127.0.0.1",
            "https://a.b/\u{6cc}\u{200c}\u{631}?\u{2764}\u{fe0f}",
        ] {
            assert!(absolute_url::<&str>(sent).is_ok(), "{sent}");
        }
        for sent in [
            "example.com",
            "ftp://example.com",
            "mailto:a@b.c",
            "javascript://x",
            "http://",
            "https:///x",
            "https://..",
            "https://a..b/",
            "https://user@/x",
            "https://example.com:port/",
        ] {
            assert_eq!(
                absolute_url::<&str>(sent).unwrap_err().code,
                Code::Format,
                "{sent}"
            );
        }
    }

    #[test]
    fn has_no_character_that_a_browser_removes() {
        for sent in [
            "https://a\nb.c",
            "https://a\u{200d}b.c/",
            "https://a.b/\u{200b}",
            "https://a.b/\u{e0041}",
            "https://a.b/\u{202e}",
            "https://a.b\\@c.d",
            " https://a.b",
        ] {
            assert_eq!(
                absolute_url::<&str>(sent).unwrap_err().code,
                Code::Character,
                "{sent:?}"
            );
        }
    }
}
