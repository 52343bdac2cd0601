//! Secrets of webhooks, and the signatures of deliveries.

use base64::Engine;
use base64::alphabet;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, NO_PAD, STANDARD};
use chrono::{DateTime, TimeDelta, Utc};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::model::Webhook;
use crate::schema::shape::{self, Shape};
use crate::validation::{Code, Fault};
use crate::values::{hex, length};

/// The prefix of a secret of Standard Webhooks.
const PREFIX: &str = "whsec_";
/// The length of a generated secret, in bytes.
const GENERATED_BYTES: usize = 32;
/// The minimum length of a chosen secret, in characters. Of a shorter one no character is shown.
const MIN_LENGTH: u64 = 16;
/// How long the previous secret also signs after a rotation.
const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// Base64 as the libraries of Standard Webhooks decode it: some accept missing padding or trailing bits.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    NO_PAD
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A new secret: `whsec_` and 32 random bytes in base64 (Standard Webhooks 1.0).
pub fn random() -> String {
    let bytes: [u8; GENERATED_BYTES] = rand::random();
    format!("{PREFIX}{}", STANDARD.encode(bytes))
}

/// The schema of `secret`.
pub fn shape() -> Shape {
    // A minimum length would exclude the empty string, which counts as absent.
    shape::text(0, 255).matching(r"^[\s\S]{16}")
}

/// Parses a chosen secret: any string of 16 to 255 characters; after `whsec_`, 24 to 64 bytes in base64.
///
/// # Errors
/// Returns `length` or `format`.
pub fn parse(sent: &str) -> Result<String, Fault> {
    let secret: &str = length(sent, MIN_LENGTH, 255)?;
    if secret.contains('…') {
        return Err(Fault::new(
            Code::Format,
            "This is the masked form of a secret. Omit secret to keep the current one.",
        ));
    }
    let Some(encoded) = secret.strip_prefix(PREFIX) else {
        return Ok(secret.to_owned());
    };
    match STANDARD.decode(encoded) {
        Ok(bytes) if (24..=64).contains(&bytes.len()) => Ok(secret.to_owned()),
        _ => Err(Fault::new(
            Code::Format,
            "After whsec_ a secret must be 24 to 64 bytes in base64. A new webhook without secret gets one.",
        )),
    }
}

/// A masked secret: the prefix, `…`, and the last four characters if it has at least [`MIN_LENGTH`].
pub fn masked(secret: &str) -> String {
    let prefix = if secret.starts_with(PREFIX) {
        PREFIX
    } else {
        ""
    };
    let count = secret.chars().count();
    let is_long = u64::try_from(count).is_ok_and(|count| count >= MIN_LENGTH);
    let last: String = match is_long {
        true => secret.chars().skip(count - 4).collect(),
        false => String::new(),
    };
    format!("{prefix}…{last}")
}

impl Webhook {
    /// Replaces the secret. The previous one also signs deliveries for [`OVERLAP`].
    pub fn rotate(&mut self, secret: String, now: DateTime<Utc>) {
        self.previous_secret = Some(std::mem::replace(&mut self.secret, secret));
        self.previous_secret_until = Some(now + OVERLAP);
    }

    /// The value of `webhook-signature` (Standard Webhooks 1.0): one signature for each key of each secret.
    pub fn signature(&self, id: &str, timestamp: i64, body: &[u8], now: DateTime<Utc>) -> String {
        let is_valid = self.previous_secret_until.is_some_and(|until| now < until);
        let previous = self.previous_secret.as_deref().filter(|_| is_valid);
        let secrets = std::iter::once(self.secret.as_str()).chain(previous);
        let head = format!("{id}.{timestamp}.");
        let signed = secrets.flat_map(keys).map(|key| {
            let mac = mac(&key, &[head.as_bytes(), body]);
            format!("v1,{}", STANDARD.encode(mac))
        });
        signed.collect::<Vec<_>>().join(" ")
    }

    /// The value of `dotfile-signature`, which existing receivers check: HMAC-SHA256 of the body only, in hexadecimal.
    /// The key is the bytes of the secret as a string.
    pub fn body_signature(&self, body: &[u8]) -> String {
        hex(&mac(self.secret.as_bytes(), &[body]))
    }
}

/// The keys of a secret: the decoded bytes after `whsec_`, or else the bytes of the string itself. The libraries of
/// Standard Webhooks decode every secret, also one without the prefix. So for a string that is valid base64 the decoded
/// bytes are a second key, and both kinds of receiver can verify.
fn keys(secret: &str) -> Vec<Vec<u8>> {
    let encoded = secret.strip_prefix(PREFIX);
    if let Some(decoded) = encoded.and_then(|it| STANDARD.decode(it).ok()) {
        return vec![decoded];
    }
    let bytes = secret.as_bytes().to_vec();
    match LENIENT.decode(secret) {
        Ok(decoded) if !decoded.is_empty() => vec![bytes, decoded],
        _ => vec![bytes],
    }
}

/// HMAC-SHA256 (RFC 2104) of the concatenated parts.
fn mac(key: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else {
        return Vec::new();
    };
    for part in parts {
        mac.update(part);
    }
    mac.finalize().into_bytes().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn webhook(secret: &str) -> Webhook {
        let epoch = DateTime::UNIX_EPOCH;
        Webhook {
            id: uuid::Uuid::nil(),
            name: String::new(),
            status: "online".to_owned(),
            kind: "user".to_owned(),
            url: String::new(),
            events: Vec::new(),
            secret: secret.to_owned(),
            previous_secret: None,
            previous_secret_until: None,
            created_at: epoch,
            updated_at: epoch,
        }
    }

    #[test]
    fn signs_the_example_of_standard_webhooks() {
        // The example in the libraries of Standard Webhooks.
        let signed = webhook("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").signature(
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            1_614_265_330,
            br#"{"test": 2432232314}"#,
            Utc::now(),
        );
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn signs_with_both_secrets_while_they_overlap() {
        let (now, mut webhook) = (Utc::now(), webhook("an old one"));
        let old = webhook.signature("m", 1, b"{}", now);
        webhook.rotate("a new one".to_owned(), now);
        let both = webhook.signature("m", 1, b"{}", now);
        assert!(both.ends_with(&old) && both.split(' ').count() == 2);
        let later = webhook.signature("m", 1, b"{}", now + TimeDelta::hours(25));
        assert_eq!(later.split(' ').count(), 1);
    }

    #[test]
    fn a_base64_string_signs_as_string_and_as_bytes() {
        assert_eq!(
            keys("AAECAwQFBgcICQoL"),
            [b"AAECAwQFBgcICQoL".to_vec(), (0..12).collect()]
        );
        for unpadded in ["QUJDREVGR0hJSktMTQ", "QUJDREVGR0hJSktMTQ=="] {
            assert_eq!(keys(unpadded), [unpadded.as_bytes(), b"ABCDEFGHIJKLM"]);
        }
        for plain in [
            "correct horse battery",
            "abcdefghijklmnopq",
            "a-b_c-d_e-f_g-h_",
        ] {
            assert_eq!(keys(plain), [plain.as_bytes()], "{plain}");
        }
        assert_eq!(keys("whsec_AAECAwQF"), [vec![0, 1, 2, 3, 4, 5]]);
    }

    #[test]
    fn masks_all_but_four_characters() {
        assert_eq!(
            masked("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            "whsec_…LaSw"
        );
        assert_eq!(masked("short"), "…");
        assert!(parse("sixteen letters!").is_ok() && parse(&random()).is_ok());
        assert!(
            parse("short").is_err()
                && parse("whsec_…abcdefghijklmnop").is_err()
                && parse("whsec_!!!!!!!!!!!!!!!!").is_err()
                && parse("whsec_YWFhYWFhYWFhYQ==").is_err()
        );
    }
}
