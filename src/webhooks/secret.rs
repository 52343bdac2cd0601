//! Secrets of webhooks, and what is signed with them.

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

/// What a secret of Standard Webhooks begins with.
const PREFIX: &str = "whsec_";
/// How many bytes a secret has that is made here.
const BYTES: usize = 32;
/// The shortest secret that somebody may choose, in characters; of a shorter one nothing is shown.
const SHORTEST: u64 = 16;
/// How long the secret before a rotation signs too.
const OVERLAP: TimeDelta = TimeDelta::hours(24);
/// Base64 as the libraries of Standard Webhooks read it: some take text without its padding, or with unused bits.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    NO_PAD
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// A new secret: `whsec_` and 32 random bytes in base64 (Standard Webhooks 1.0).
pub fn random() -> String {
    let bytes: [u8; BYTES] = rand::random();
    format!("{PREFIX}{}", STANDARD.encode(bytes))
}

/// What a member that holds one may be.
pub fn shape() -> Shape {
    // A length would refuse the empty text, which is 'not given'.
    shape::text(0, 255).matching(r"^[\s\S]{16}")
}

/// A secret that somebody chose: any text of 16 to 255 characters, or `whsec_` and 24 to 64 bytes in base64.
///
/// # Errors
/// `length` or `format`.
pub fn parse(sent: &str) -> Result<String, Fault> {
    let secret: &str = length(sent, SHORTEST, 255)?;
    if secret.contains('…') {
        return Err(Fault::new(
            Code::Format,
            "This is how a secret is shown, and not the secret. Leave it out to keep it.",
        ));
    }
    let Some(encoded) = secret.strip_prefix(PREFIX) else {
        return Ok(secret.to_owned());
    };
    match STANDARD.decode(encoded) {
        Ok(bytes) if (24..=64).contains(&bytes.len()) => Ok(secret.to_owned()),
        _ => Err(Fault::new(
            Code::Format,
            "After whsec_ a secret has 24 to 64 bytes in base64. Leave secret out to have one made.",
        )),
    }
}

/// A secret as it is shown once it was told: its last four characters, of one that is long enough.
pub fn masked(secret: &str) -> String {
    let prefix = if secret.starts_with(PREFIX) {
        PREFIX
    } else {
        ""
    };
    let count = secret.chars().count();
    let is_long = u64::try_from(count).is_ok_and(|count| count >= SHORTEST);
    let last: String = match is_long {
        true => secret.chars().skip(count - 4).collect(),
        false => String::new(),
    };
    format!("{prefix}…{last}")
}

impl Webhook {
    /// Signs with another secret from now on, and with the one before for a while too.
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

    /// The value of `dotfile-signature`, which existing receivers check: of the body alone, with
    /// the secret's own text, in hexadecimal digits.
    pub fn body_signature(&self, body: &[u8]) -> String {
        hex(&mac(self.secret.as_bytes(), &[body]))
    }
}

/// The keys that a secret stands for: the bytes behind `whsec_`, or its own text. The libraries of Standard
/// Webhooks decode every secret, with and without the prefix: of text that happens to be base64 the decoded bytes
/// are a key too, so that both ways verify.
fn keys(secret: &str) -> Vec<Vec<u8>> {
    let encoded = secret.strip_prefix(PREFIX);
    if let Some(decoded) = encoded.and_then(|it| STANDARD.decode(it).ok()) {
        return vec![decoded];
    }
    let text = secret.as_bytes().to_vec();
    match LENIENT.decode(secret) {
        Ok(decoded) if !decoded.is_empty() => vec![text, decoded],
        _ => vec![text],
    }
}

/// HMAC-SHA256 (RFC 2104), whose key may have any length.
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
    fn signs_as_the_specification_does() {
        // The example of the specification's libraries.
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
    fn text_that_is_base64_signs_as_text_and_as_bytes() {
        assert_eq!(
            keys("AAECAwQFBgcICQoL"),
            [b"AAECAwQFBgcICQoL".to_vec(), (0..12).collect()]
        );
        for unpadded in ["QUJDREVGR0hJSktMTQ", "QUJDREVGR0hJSktMTQ=="] {
            assert_eq!(keys(unpadded), [unpadded.as_bytes(), b"ABCDEFGHIJKLM"]);
        }
        for text in [
            "correct horse battery",
            "abcdefghijklmnopq",
            "a-b_c-d_e-f_g-h_",
        ] {
            assert_eq!(keys(text), [text.as_bytes()], "{text}");
        }
        assert_eq!(keys("whsec_AAECAwQF"), [vec![0, 1, 2, 3, 4, 5]]);
    }

    #[test]
    fn shows_little_of_a_secret() {
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
