//! What a server keeps of a password: SCRAM-SHA-256's salted verifier (RFC 5802, RFC 7677), written as PostgreSQL writes it in
//! `pg_authid`. The exchange of messages that uses it is the wire's.

use std::fmt;
use std::num::NonZeroU32;

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ring::{digest, hmac, pbkdf2};

use crate::error::{Error, Kind, Result};

/// The name in front, as PostgreSQL writes it.
const MECHANISM: &str = "SCRAM-SHA-256";
/// PostgreSQL's number of iterations.
const ITERATIONS: NonZeroU32 = NonZeroU32::new(4096).expect("4096 is above zero");
/// PostgreSQL's length of a salt, in bytes.
const SALT: usize = 16;
/// The length of a key, in bytes.
const KEY: usize = digest::SHA256_OUTPUT_LEN;

/// A password's verifier: enough to check a proof that a client knows the password, and not enough to make one.
#[derive(Clone, PartialEq, Eq)]
pub struct Verifier {
    iterations: NonZeroU32,
    salt: Vec<u8>,
    stored: [u8; KEY],
    server: [u8; KEY],
}

impl Verifier {
    /// A verifier of this password under a new salt.
    pub fn of_password(password: &str) -> Result<Self> {
        let mut salt = [0; SALT];
        getrandom::fill(&mut salt).map_err(|e| Error::new(Kind::Internal, format!("the system gives no random numbers: {e}")))?;
        Ok(Self::salted(password, &salt, ITERATIONS))
    }

    fn salted(password: &str, salt: &[u8], iterations: NonZeroU32) -> Self {
        // As in PostgreSQL: what SASLprep (RFC 4013) refuses is taken as it is.
        let prepared = stringprep::saslprep(password).unwrap_or(password.into());
        let mut salted = [0; KEY];
        pbkdf2::derive(pbkdf2::PBKDF2_HMAC_SHA256, iterations, salt, prepared.as_bytes(), &mut salted);
        let client = mac(&salted, b"Client Key");
        Self { iterations, salt: salt.to_vec(), stored: sha256(&client), server: mac(&salted, b"Server Key") }
    }

    /// `SCRAM-SHA-256$4096:SALT$STORED:SERVER`, the last three in base64; `None` for anything else.
    pub fn parse(text: &str) -> Option<Self> {
        let (salted, keys) = text.strip_prefix(MECHANISM)?.strip_prefix('$')?.split_once('$')?;
        let ((iterations, salt), (stored, server)) = (salted.split_once(':')?, keys.split_once(':')?);
        let bytes = |text: &str| BASE64_STANDARD.decode(text).ok();
        let key = |text: &str| <[u8; KEY]>::try_from(bytes(text)?).ok();
        let salt = bytes(salt).filter(|salt| !salt.is_empty())?;
        Some(Self { iterations: iterations.parse().ok()?, salt, stored: key(stored)?, server: key(server)? })
    }

    /// A verifier that no password has, for a role that there is not: an attacker who asks for its salt is to see what a role's looks
    /// like, and the same each time. `secret` is nobody else's.
    pub(super) fn nobodys(name: &str, secret: &[u8], like: Option<&Self>) -> Self {
        let mut salt = mac(secret, name.as_bytes()).to_vec();
        salt.truncate(like.map_or(SALT, |v| v.salt.len()));
        let iterations = like.map_or(ITERATIONS, |v| v.iterations);
        // The key of no client hashes to this, as far as anybody knows.
        Self { iterations, salt, stored: [0; KEY], server: mac(secret, b"nobody") }
    }

    /// What of it is secret and lasts as long as it does.
    pub(super) fn secret(&self) -> [u8; KEY] {
        mac(&self.server, &self.stored)
    }

    /// The salt, which clients are told.
    pub fn salt(&self) -> &[u8] {
        &self.salt
    }

    /// The iterations, which clients are told.
    pub fn iterations(&self) -> u32 {
        self.iterations.get()
    }

    /// Whether `proof` is of a client that knows the password (RFC 5802, section 3): in the same time for any proof of its length.
    pub fn proves(&self, messages: &[u8], proof: &[u8]) -> bool {
        let signature = mac(&self.stored, messages);
        if proof.len() != signature.len() {
            return false;
        }
        let client: Vec<u8> = proof.iter().zip(signature).map(|(proof, signature)| proof ^ signature).collect();
        let differing = sha256(&client).iter().zip(self.stored).fold(0, |all, (found, kept)| all | (found ^ kept));
        std::hint::black_box(differing) == 0
    }

    /// The server's own proof, for the client.
    pub fn signature(&self, messages: &[u8]) -> [u8; KEY] {
        mac(&self.server, messages)
    }
}

impl fmt::Display for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [salt, stored, server] = [&self.salt[..], &self.stored, &self.server].map(|bytes| BASE64_STANDARD.encode(bytes));
        write!(f, "{MECHANISM}${}:{salt}${stored}:{server}", self.iterations)
    }
}

/// Verifiers stay out of logs.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Verifier")
    }
}

fn mac(key: &[u8], bytes: &[u8]) -> [u8; KEY] {
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, key), bytes);
    tag.as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
}

fn sha256(bytes: &[u8]) -> [u8; KEY] {
    digest::digest(&digest::SHA256, bytes).as_ref().try_into().expect("SHA-256 has 32 bytes")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 7677, section 3.
    const SALT_64: &str = "W22ZaJ0SNY7soEsUEjb6gQ==";

    #[test]
    fn the_rfc_s_own_exchange_is_proved() {
        let salt = BASE64_STANDARD.decode(SALT_64).expect("base64");
        let verifier = Verifier::salted("pencil", &salt, ITERATIONS);
        let nonce = "rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0";
        let messages = format!("n=user,r=rOprNGfwEbeRWgbNEkqO,r={nonce},s={SALT_64},i=4096,c=biws,r={nonce}");
        let proof = BASE64_STANDARD.decode("dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=").expect("base64");
        assert!(verifier.proves(messages.as_bytes(), &proof));
        let signature = BASE64_STANDARD.encode(verifier.signature(messages.as_bytes()));
        assert_eq!(signature, "6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=");
        for bit in [0, 100, 255] {
            let mut other = proof.clone();
            other[bit / 8] ^= 1 << (bit % 8);
            assert!(!verifier.proves(messages.as_bytes(), &other));
        }
        assert!(!verifier.proves(messages.as_bytes(), &proof[..31]) && !verifier.proves(b"", &proof));
    }

    #[test]
    fn a_verifier_is_read_as_it_is_written_and_nothing_else_is() {
        let verifier = Verifier::of_password("secret").expect("random numbers");
        let text = verifier.to_string();
        assert_eq!(Verifier::parse(&text).as_ref(), Some(&verifier));
        assert!(text.starts_with("SCRAM-SHA-256$4096:"), "{text}");
        let cut = &text[..text.len() - 5];
        for other in ["", "secret", "md5abc", cut, &text.replace("4096", "0"), &text.replace("$4096", ""), &format!("{text} ")] {
            assert_eq!(Verifier::parse(other), None, "{other}");
        }
    }

    /// What PostgreSQL 15 does with passwords that SASLprep maps, and with those that it refuses.
    #[test]
    fn passwords_are_prepared() {
        let key = |password| Verifier::salted(password, b"salt", ITERATIONS).stored;
        assert_eq!(key("I\u{ad}X"), key("IX"));
        assert_eq!(key("\u{2168}\u{a0}"), key("IX "));
        assert_ne!(key("\u{fb01}\u{1f600}"), key("fi\u{1f600}"), "an emoji is unassigned in Unicode 3.2");
        assert_ne!(key("a\u{7}"), key("a"));
    }

    #[test]
    fn nobody_s_verifier_looks_like_one_and_stays_the_same() {
        let like = Verifier::salted("x", b"twelve bytes", NonZeroU32::new(5000).expect("above zero"));
        let of = |name, secret| Verifier::nobodys(name, secret, Some(&like));
        assert_eq!(of("ann", b"s"), of("ann", b"s"));
        assert_ne!(of("ann", b"s").salt(), of("bob", b"s").salt());
        assert_ne!(of("ann", b"s").salt(), of("ann", b"t").salt());
        assert_eq!((of("ann", b"s").salt().len(), of("ann", b"s").iterations()), (12, 5000));
        assert_eq!(Verifier::nobodys("ann", b"s", None).salt().len(), SALT);
    }
}
