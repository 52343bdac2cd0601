//! Bytes as text.

/// Two lower-case hexadecimal digits for each byte (RFC 4648, section 8, in lower case).
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
