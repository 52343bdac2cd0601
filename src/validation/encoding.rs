//! Detects other encodings than plain UTF-8 by the first bytes.

/// A character encoding or compression format other than plain UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 with a byte order mark.
    Marked,
    Utf16,
    Utf32,
    Gzip,
    Bzip2,
    Xz,
    Zstd,
    Zip,
}

impl Encoding {
    /// Detects the encoding by the first bytes. Returns `None` if they can be plain UTF-8.
    pub fn of(bytes: &[u8]) -> Option<Self> {
        // JSON and CSV begin with an ASCII character, which UTF-16 and UTF-32 pad with zero bytes.
        match bytes {
            [0xef, 0xbb, 0xbf, ..] => Some(Self::Marked),
            [0xff, 0xfe, 0, 0, ..] | [0, 0, 0xfe, 0xff, ..] => Some(Self::Utf32),
            [0, 0, 0, 1..=127, ..] | [1..=127, 0, 0, 0, ..] => Some(Self::Utf32),
            [0xff, 0xfe, ..] | [0xfe, 0xff, ..] => Some(Self::Utf16),
            [0, 1..=127, ..] | [1..=127, 0, ..] => Some(Self::Utf16),
            [0x1f, 0x8b, ..] => Some(Self::Gzip),
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31 | 0x17, ..] => Some(Self::Bzip2),
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(Self::Xz),
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(Self::Zstd),
            [b'P', b'K', 3 | 5, 4 | 6, ..] => Some(Self::Zip),
            _ => None,
        }
    }

    /// The name of the encoding, for messages.
    pub fn name(self) -> &'static str {
        match self {
            Self::Marked => "UTF-8 with a byte order mark",
            Self::Utf16 => "UTF-16",
            Self::Utf32 => "UTF-32",
            Self::Gzip => "gzip",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
            Self::Zstd => "zstd",
            Self::Zip => "a ZIP archive",
        }
    }

    /// The error of a body in this encoding, and what to do.
    pub(super) fn of_body(self) -> (&'static str, &'static str) {
        match self {
            Self::Marked => (
                "The body begins with a byte order mark (U+FEFF)",
                ". Send UTF-8 without it",
            ),
            Self::Utf16 => ("The body is UTF-16", ". Send UTF-8"),
            Self::Utf32 => ("The body is UTF-32", ". Send UTF-8"),
            Self::Gzip => ("The body is compressed with gzip", ". Send it uncompressed"),
            Self::Bzip2 => (
                "The body is compressed with bzip2",
                ". Send it uncompressed",
            ),
            Self::Xz => ("The body is compressed with xz", ". Send it uncompressed"),
            Self::Zstd => ("The body is compressed with zstd", ". Send it uncompressed"),
            Self::Zip => ("The body is a ZIP archive", ". Send the JSON inside it"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Encoding;

    #[test]
    fn detects_encodings_by_the_first_bytes() {
        for (bytes, expected) in [
            (&b"{\"a\": 1}"[..], None),
            (b"", None),
            (b"{", None),
            (b"\xef\xbb\xbf{}", Some(Encoding::Marked)),
            (b"\xff\xfe{\0", Some(Encoding::Utf16)),
            (b"{\0", Some(Encoding::Utf16)),
            (b"\0{\0}", Some(Encoding::Utf16)),
            (b"{\0\0\0", Some(Encoding::Utf32)),
            (b"\xff\xfe\0\0", Some(Encoding::Utf32)),
            (b"\x1f\x8b\x08", Some(Encoding::Gzip)),
            (b"PK\x03\x04", Some(Encoding::Zip)),
        ] {
            assert_eq!(Encoding::of(bytes), expected, "{bytes:?}");
        }
    }
}
