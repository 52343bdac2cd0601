//! Classes of characters, and how messages name a character.

use arrayvec::ArrayString;

/// Whether a character is invisible by itself: control and format characters, fillers, joiners and variation
/// selectors. White space is not included.
pub fn is_invisible(c: char) -> bool {
    matches!(c,
        '\0'..='\u{8}' | '\u{e}'..='\u{1f}' | '\u{7f}'..='\u{84}' | '\u{86}'..='\u{9f}' | '\u{ad}'
        | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
        | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{fe00}'..='\u{fe0f}' | '\u{feff}'
        | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}' | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}')
}

/// Whether a character overrides the text direction. It is never removed: the person who typed the value saw another
/// order of characters.
pub fn is_direction_override(c: char) -> bool {
    matches!(c, '\u{202d}' | '\u{202e}')
}

/// Whether a character can be removed from a number or a code: white space and invisible characters.
pub fn is_ignorable(c: char) -> bool {
    (c.is_whitespace() || is_invisible(c)) && !is_direction_override(c)
}

/// Whether a character is a joiner or a variation selector: it changes the form of adjacent characters.
pub fn is_joiner(c: char) -> bool {
    matches!(c, '\u{200c}' | '\u{200d}' | '\u{fe00}'..='\u{fe0f}')
}

/// Whether an invisible character changes the form of an adjacent one: joiners, variation selectors and emoji tags.
fn is_shaping(c: char) -> bool {
    is_joiner(c)
        || matches!(c, '\u{34f}' | '\u{180b}'..='\u{180d}' | '\u{180f}' | '\u{e0020}'..='\u{e01ef}')
}

/// Removes white space and invisible characters from both ends. Characters that shape an adjacent one stay.
pub fn trimmed(text: &str) -> &str {
    text.trim_matches(|c: char| c.is_whitespace() || (is_invisible(c) && !is_shaping(c)))
}

/// Whether a string has only white space and invisible characters.
pub fn is_blank(text: &str) -> bool {
    text.chars().all(|c| c.is_whitespace() || is_invisible(c))
}

/// Whether a character is a hyphen, a dash or a minus sign.
pub fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '\u{fe58}' | '\u{fe63}'
    )
}

/// Converts a full-width form (U+FF01 to U+FF5E, from East Asian keyboards) to its ASCII character.
pub fn to_half_width(c: char) -> char {
    match u32::from(c) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFEE0).unwrap_or(c),
        _ => c,
    }
}

/// Whether [`compact_code`] accepts a character.
pub fn is_code_character(c: char) -> bool {
    to_half_width(c).is_ascii_alphanumeric() || is_hyphen(c) || is_ignorable(c)
}

/// Converts a code to upper case and removes hyphens, white space and invisible characters. Returns `None` if it has
/// other characters than letters and digits, or more than `MAX` of them.
pub fn compact_code<const MAX: usize>(text: &str) -> Option<ArrayString<MAX>> {
    let mut code = ArrayString::new();
    for c in text.chars() {
        let plain = to_half_width(c).to_ascii_uppercase();
        if plain.is_ascii_alphanumeric() {
            code.try_push(plain).ok()?;
        } else if !(is_hyphen(c) || is_ignorable(c)) {
            return None;
        }
    }
    Some(code)
}

/// Describes the first character for which `is_wrong` is true, for a message, such as
/// `U+202A LEFT-TO-RIGHT EMBEDDING at position 3`.
pub fn describe_first(text: &str, is_wrong: impl Fn(char) -> bool) -> Option<String> {
    describe_first_at(text, |_, c| is_wrong(c))
}

/// Like [`describe_first`], but `is_wrong` also gets the position of the character, which starts at 1.
pub fn describe_first_at(text: &str, is_wrong: impl Fn(usize, char) -> bool) -> Option<String> {
    let mut characters = (1..).zip(text.chars());
    let (position, c) = characters.find(|(position, c)| is_wrong(*position, *c))?;
    Some(format!("{} at position {position}", describe(c)))
}

/// Describes a character for a message. The result has no character that a terminal or a browser interprets.
fn describe(c: char) -> String {
    let code = u32::from(c);
    if let Some((_, name)) = NAMES.iter().find(|(named, _)| *named == c) {
        return format!("U+{code:04X} {name}");
    }
    match c {
        _ if c.is_ascii_graphic() => c.to_string(),
        _ if c.is_whitespace() || is_invisible(c) => format!("U+{code:04X}"),
        _ => format!("{c} (U+{code:04X})"),
    }
}

/// The Unicode names of characters that often get into a value by copy and paste.
const NAMES: [(char, &str); 43] = [
    ('\t', "CHARACTER TABULATION"),
    ('\n', "LINE FEED"),
    ('\u{b}', "LINE TABULATION"),
    ('\u{c}', "FORM FEED"),
    ('\r', "CARRIAGE RETURN"),
    (' ', "SPACE"),
    ('\u{7f}', "DELETE"),
    ('\u{85}', "NEXT LINE"),
    ('\u{a0}', "NO-BREAK SPACE"),
    ('\u{ad}', "SOFT HYPHEN"),
    ('\u{34f}', "COMBINING GRAPHEME JOINER"),
    ('\u{61c}', "ARABIC LETTER MARK"),
    ('\u{180e}', "MONGOLIAN VOWEL SEPARATOR"),
    ('\u{2002}', "EN SPACE"),
    ('\u{2003}', "EM SPACE"),
    ('\u{2007}', "FIGURE SPACE"),
    ('\u{2009}', "THIN SPACE"),
    ('\u{200b}', "ZERO WIDTH SPACE"),
    ('\u{200c}', "ZERO WIDTH NON-JOINER"),
    ('\u{200d}', "ZERO WIDTH JOINER"),
    ('\u{200e}', "LEFT-TO-RIGHT MARK"),
    ('\u{200f}', "RIGHT-TO-LEFT MARK"),
    ('\u{2010}', "HYPHEN"),
    ('\u{2011}', "NON-BREAKING HYPHEN"),
    ('\u{2012}', "FIGURE DASH"),
    ('\u{2013}', "EN DASH"),
    ('\u{2014}', "EM DASH"),
    ('\u{2028}', "LINE SEPARATOR"),
    ('\u{2029}', "PARAGRAPH SEPARATOR"),
    ('\u{202a}', "LEFT-TO-RIGHT EMBEDDING"),
    ('\u{202b}', "RIGHT-TO-LEFT EMBEDDING"),
    ('\u{202c}', "POP DIRECTIONAL FORMATTING"),
    ('\u{202d}', "LEFT-TO-RIGHT OVERRIDE"),
    ('\u{202e}', "RIGHT-TO-LEFT OVERRIDE"),
    ('\u{202f}', "NARROW NO-BREAK SPACE"),
    ('\u{2060}', "WORD JOINER"),
    ('\u{2066}', "LEFT-TO-RIGHT ISOLATE"),
    ('\u{2067}', "RIGHT-TO-LEFT ISOLATE"),
    ('\u{2068}', "FIRST STRONG ISOLATE"),
    ('\u{2069}', "POP DIRECTIONAL ISOLATE"),
    ('\u{2212}', "MINUS SIGN"),
    ('\u{3000}', "IDEOGRAPHIC SPACE"),
    ('\u{feff}', "ZERO WIDTH NO-BREAK SPACE"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn describes_a_character_with_its_position() {
        let named = |text| describe_first(text, |c| !c.is_ascii_lowercase()).unwrap();
        assert_eq!(
            named("ab\u{202a}c"),
            "U+202A LEFT-TO-RIGHT EMBEDDING at position 3"
        );
        assert_eq!(named("é"), "é (U+00E9) at position 1");
        assert_eq!(named("aé/"), "é (U+00E9) at position 2");
        assert_eq!(named("a/b"), "/ at position 2");
        assert_eq!(named("\u{1}"), "U+0001 at position 1");
        assert_eq!(describe_first("abc", |c| !c.is_ascii_lowercase()), None);
    }

    #[test]
    fn visible_characters_are_not_invisible() {
        for c in "aé٣字-_☃🏴".chars() {
            assert!(!is_invisible(c), "{c}");
        }
        for c in "\u{200b}\u{feff}\u{202e}\u{e0041}\u{fe0f}\u{ad}\u{3164}".chars() {
            assert!(is_invisible(c), "{c:?}");
        }
        assert_eq!(trimmed("\u{feff}\u{a0} a b\u{200b}\t"), "a b");
        assert_eq!(trimmed(" \u{2764}\u{fe0f} "), "\u{2764}\u{fe0f}");
        assert!(is_blank("\u{200d} \u{3000}") && is_blank("") && !is_blank("\u{200d}a"));
        assert_eq!(to_half_width('Ａ'), 'A');
        assert_eq!(to_half_width('あ'), 'あ');
    }
}
