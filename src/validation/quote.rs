//! Quoting of sent values in messages.

/// Maximum length of a quotation, in Unicode scalar values.
const LIMIT: usize = 40;

/// Returns a value for use in a message: shortened to 40 characters, with control characters and bidirectional marks,
/// which would reorder the message, replaced.
///
/// Never call it with a secret, a tax number or a social security number.
pub fn quote(value: &str) -> String {
    let mut shown: String = value
        .chars()
        .take(LIMIT)
        .map(|c| if is_shown(c) { c } else { '\u{FFFD}' })
        .collect();
    if value.chars().nth(LIMIT).is_some() {
        shown.push('…');
    }
    shown
}

fn is_shown(c: char) -> bool {
    !c.is_control()
        && !matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn shortens_to_forty_characters() {
        assert_eq!(quote(&"é".repeat(40)), "é".repeat(40));
        assert_eq!(quote(&"é".repeat(41)), format!("{}…", "é".repeat(40)));
        assert_eq!(quote("a\u{0}b\n"), "a\u{FFFD}b\u{FFFD}");
        assert_eq!(quote("a\u{202e}b"), "a\u{FFFD}b");
    }
}
