//! Hexadecimal encoding.

/// Encodes each byte as two hexadecimal digits (RFC 4648, section 8), in lower case.
pub fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(2 * bytes.len());
    let digits = bytes.iter().flat_map(|it| [it >> 4, it & 15]);
    text.extend(digits.filter_map(|it| char::from_digit(u32::from(it), 16)));
    text
}
