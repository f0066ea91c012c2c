//! The server's side of a SCRAM exchange (RFC 5802; RFC 5929's `tls-server-end-point` as channel binding): texts in, texts out. What is
//! refused, and in which words, is PostgreSQL's `auth-scram.c`.

use base64::prelude::{BASE64_STANDARD, Engine as _};

use super::super::framing::violation;
use crate::error::{Error, Kind, Result};
use crate::roles::Verifier;

pub(super) const PLAIN: &str = "SCRAM-SHA-256";
pub(super) const PLUS: &str = "SCRAM-SHA-256-PLUS";

/// The one binding that is spoken, as by libpq.
const BINDING: &str = "tls-server-end-point";

/// Random bytes of the server's part of the nonce: PostgreSQL's.
const NONCE: usize = 18;

/// One exchange, from the mechanism that the client chose.
pub(super) struct Exchange<'a> {
    verifier: Verifier,
    /// What a binding is of, if the server offered one.
    end_point: Option<&'a [u8]>,
    /// The client chose to bind.
    plus: bool,
    server_nonce: String,
}

/// What the first two messages left.
pub(super) struct Challenge {
    verifier: Verifier,
    plus: bool,
    /// What the client's last message must begin with: its binding, in base64.
    binding: String,
    nonce: String,
    /// `client-first-message-bare,server-first-message`.
    messages: String,
    /// The server's first message.
    pub(super) text: String,
}

impl<'a> Exchange<'a> {
    pub(super) fn new(verifier: Verifier, plus: bool, end_point: Option<&'a [u8]>) -> Result<Self> {
        let mut random = [0; NONCE];
        getrandom::fill(&mut random)
            .map_err(|e| Error::new(Kind::Internal, format!("the system gives no random numbers: {e}")))?;
        Ok(Self { verifier, end_point, plus, server_nonce: BASE64_STANDARD.encode(random) })
    }

    /// Takes the client's first message.
    pub(super) fn first(self, message: &str) -> Result<Challenge> {
        let mut rest = Attributes::of(message)?;
        let flag = rest.flag()?;
        self.check_flag(flag)?;
        match rest.0.as_bytes().first() {
            Some(b',') => rest.comma()?,
            Some(b'a') => {
                return Err(Error::new(Kind::Unsupported, "client uses authorization identity, but it is not supported"));
            }
            _ => return Err(malformed(format!("Unexpected attribute \"{}\" in client-first-message.", rest.shown()))),
        }
        let bare = rest.0;
        if bare.starts_with('m') {
            return Err(Error::new(Kind::Unsupported, "client requires an unsupported SCRAM extension"));
        }
        // The user is the startup message's; what stands here is not looked at, as in PostgreSQL.
        rest.value('n')?;
        let client_nonce = rest.value('r')?;
        if !client_nonce.bytes().all(|b| (0x21..=0x7e).contains(&b)) {
            return Err(violation("non-printable characters in SCRAM nonce"));
        }
        let nonce = format!("{client_nonce}{}", self.server_nonce);
        let salt = BASE64_STANDARD.encode(self.verifier.salt());
        let text = format!("r={nonce},s={salt},i={}", self.verifier.iterations());
        let mut binding = format!("{flag},,").into_bytes();
        if self.plus {
            binding.extend_from_slice(self.end_point.unwrap_or_default());
        }
        Ok(Challenge {
            verifier: self.verifier,
            plus: self.plus,
            binding: BASE64_STANDARD.encode(binding),
            nonce,
            messages: format!("{bare},{text}"),
            text,
        })
    }

    /// Whether what the client says of channel binding fits what it chose and what was offered.
    fn check_flag(&self, flag: &str) -> Result<()> {
        match flag {
            "n" | "y" if self.plus => {
                let what = "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.";
                Err(malformed(what))
            }
            "n" => Ok(()),
            // Somebody between the two took the offer out.
            "y" if self.end_point.is_some() => {
                let what = "The client supports SCRAM channel binding but thinks the server does not.  However, this server does \
                            support channel binding.";
                Err(Error::new(Kind::Authentication, "SCRAM channel binding negotiation error").with_detail(what))
            }
            "y" => Ok(()),
            _ if !self.plus => {
                let what = "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel \
                            binding data.";
                Err(malformed(what))
            }
            bound => match bound.strip_prefix("p=") {
                Some(BINDING) => Ok(()),
                other => {
                    let other = other.unwrap_or_default();
                    Err(violation(format!("unsupported SCRAM channel-binding type \"{other}\"")))
                }
            },
        }
    }
}

impl Challenge {
    /// Takes the client's last message. The server's last one, or `None` when the password is wrong.
    pub(super) fn last(self, message: &str) -> Result<Option<String>> {
        let mut rest = Attributes::of(message)?;
        if rest.value('c')? != self.binding {
            return Err(if self.plus {
                Error::new(Kind::Authentication, "SCRAM channel binding check failed")
            } else {
                violation("unexpected SCRAM channel-binding attribute in client-final-message")
            });
        }
        let nonce = rest.value('r')?;
        let (without_proof, proof) = loop {
            let before = &message[..message.len() - rest.0.len()];
            if let ('p', proof) = rest.any()? {
                break (before.trim_end_matches(','), proof);
            }
        };
        let proof = BASE64_STANDARD.decode(proof).ok().filter(|proof| proof.len() == 32);
        let proof = proof.ok_or_else(|| malformed("Malformed proof in client-final-message."))?;
        if !rest.0.is_empty() {
            return Err(malformed("Garbage found at the end of client-final-message."));
        }
        if nonce != self.nonce {
            return Err(violation("invalid SCRAM response").with_detail("Nonce does not match."));
        }
        let messages = format!("{},{without_proof}", self.messages);
        let proved = self.verifier.proves(messages.as_bytes(), &proof);
        let signature = self.verifier.signature(messages.as_bytes());
        Ok(proved.then(|| format!("v={}", BASE64_STANDARD.encode(signature))))
    }
}

/// What is left of a message: `name=value`, with a comma between two.
struct Attributes<'a>(&'a str);

impl<'a> Attributes<'a> {
    fn of(message: &'a str) -> Result<Self> {
        match message {
            "" => Err(malformed("The message is empty.")),
            text if text.contains('\0') => Err(malformed("Message length does not match input length.")),
            text => Ok(Self(text)),
        }
    }

    /// What the client says of channel binding, and the comma behind it.
    fn flag(&mut self) -> Result<&'a str> {
        let all = self.0;
        match all.as_bytes().first() {
            Some(b'n' | b'y') => {
                self.0 = &all[1..];
                self.comma()?;
                Ok(&all[..1])
            }
            Some(b'p') => {
                let value = self.value('p')?;
                Ok(&all[..2 + value.len()])
            }
            _ => Err(malformed(format!("Unexpected channel-binding flag \"{}\".", self.shown()))),
        }
    }

    fn comma(&mut self) -> Result<()> {
        let behind = self.0.strip_prefix(',');
        self.0 = behind.ok_or_else(|| malformed(format!("Comma expected, but found character \"{}\".", self.shown())))?;
        Ok(())
    }

    /// The value of the attribute that comes next, which must have this name.
    fn value(&mut self, name: char) -> Result<&'a str> {
        if !self.0.starts_with(name) {
            return Err(malformed(format!("Expected attribute \"{name}\" but found \"{}\".", self.shown())));
        }
        Ok(self.any()?.1)
    }

    /// The attribute that comes next.
    fn any(&mut self) -> Result<(char, &'a str)> {
        let Some(name) = self.0.chars().next() else {
            return Err(malformed("Attribute expected, but found end of string."));
        };
        if !name.is_ascii_alphabetic() {
            let what = format!("Attribute expected, but found invalid character \"{}\".", self.shown());
            return Err(malformed(what));
        }
        let value = self.0[1..].strip_prefix('=');
        let value = value.ok_or_else(|| malformed(format!("Expected character \"=\" for attribute \"{name}\".")))?;
        let (value, rest) = value.split_once(',').unwrap_or((value, ""));
        self.0 = rest;
        Ok((name, value))
    }

    /// The next character, as PostgreSQL shows one that it did not expect.
    fn shown(&self) -> String {
        match self.0.bytes().next().unwrap_or(0) {
            byte @ 0x21..=0x7e => format!("'{}'", char::from(byte)),
            byte => format!("0x{byte:02x}"),
        }
    }
}

fn malformed(detail: impl Into<String>) -> Error {
    violation("malformed SCRAM message").with_detail(detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    const END_POINT: &[u8] = b"hash";

    fn exchange(plus: bool, offered: bool) -> Exchange<'static> {
        let verifier = Verifier::of_password("x").expect("random numbers");
        Exchange::new(verifier, plus, offered.then_some(END_POINT)).expect("random numbers")
    }

    #[test]
    fn first_messages_are_checked() {
        use Kind::{Authentication, Protocol, Unsupported};
        type Case = (bool, bool, &'static str, Option<(Kind, &'static str)>);
        let bound = "The client selected SCRAM-SHA-256-PLUS, but the SCRAM message does not include channel binding data.";
        let unbound =
            "The client selected SCRAM-SHA-256 without channel binding, but the SCRAM message includes channel binding data.";
        let cases: &[Case] = &[
            (false, false, "n,,n=,r=abc", None),
            (false, false, "y,,n=,r=abc", None),
            (false, true, "n,,n=,r=abc", None),
            (false, false, "n,,n=ann,r=abc,x=1", None),
            (true, true, "p=tls-server-end-point,,n=,r=abc", None),
            (true, true, "p=tls-unique,,n=,r=abc", Some((Protocol, "unsupported SCRAM channel-binding type \"tls-unique\""))),
            (true, true, "n,,n=,r=abc", Some((Protocol, bound))),
            (true, true, "y,,n=,r=abc", Some((Protocol, bound))),
            (false, true, "p=tls-server-end-point,,n=,r=abc", Some((Protocol, unbound))),
            (false, true, "y,,n=,r=abc", Some((Authentication, "The client supports SCRAM channel binding but thinks"))),
            (false, false, "n,a=bob,n=,r=a", Some((Unsupported, "client uses authorization identity, but it is not supported"))),
            (false, false, "n,,m=x,n=,r=a", Some((Unsupported, "client requires an unsupported SCRAM extension"))),
            (false, false, "n,,n=,r=a\u{7f}", Some((Protocol, "non-printable characters in SCRAM nonce"))),
            (false, false, "n,,r=a", Some((Protocol, "Expected attribute \"n\" but found \"'r'\"."))),
            (false, false, "n,,n=", Some((Protocol, "Expected attribute \"r\" but found \"0x00\"."))),
            (false, false, "n,,nx,r=a", Some((Protocol, "Expected character \"=\" for attribute \"n\"."))),
            (false, false, "n,,n=,r=a\0", Some((Protocol, "Message length does not match input length."))),
            (false, false, "x,,n=,r=a", Some((Protocol, "Unexpected channel-binding flag \"'x'\"."))),
            (false, false, "n", Some((Protocol, "Comma expected, but found character \"0x00\"."))),
            (false, false, "", Some((Protocol, "The message is empty."))),
            (false, false, "é", Some((Protocol, "Unexpected channel-binding flag \"0xc3\"."))),
            (false, false, "n,", Some((Protocol, "Unexpected attribute \"0x00\" in client-first-message."))),
        ];
        for (plus, offered, message, want) in cases {
            let got = exchange(*plus, *offered).first(message);
            match (got, want) {
                (Ok(challenge), None) => assert!(challenge.text.starts_with("r=abc"), "{message}"),
                (Err(e), Some((kind, words))) => {
                    let said = format!("{} {}", e.message(), e.detail().unwrap_or_default());
                    assert!(e.kind() == *kind && said.contains(words), "{message}: {said}");
                }
                (Ok(_), Some(_)) => panic!("{message} is taken"),
                (Err(e), None) => panic!("{message}: {e}"),
            }
        }
    }

    #[test]
    fn last_messages_are_checked() {
        let proof = BASE64_STANDARD.encode([7; 32]);
        let bound = BASE64_STANDARD.encode([b"p=tls-server-end-point,,", END_POINT].concat());
        let other = BASE64_STANDARD.encode(b"p=tls-server-end-point,,other");
        for (plus, last, want) in [
            (false, format!("c=biws,r=NONCE,p={proof}"), Ok(false)),
            (false, format!("c=biws,r=NONCE,x=1,p={proof}"), Ok(false)),
            (true, format!("c={bound},r=NONCE,p={proof}"), Ok(false)),
            (true, format!("c={other},r=NONCE,p={proof}"), Err("SCRAM channel binding check failed")),
            (
                false,
                format!("c=eSws,r=NONCE,p={proof}"),
                Err("unexpected SCRAM channel-binding attribute in client-final-message"),
            ),
            (false, format!("c=biws,r=NONCE2,p={proof}"), Err("invalid SCRAM response")),
            (false, format!("c=biws,r=abc,p={proof}"), Err("invalid SCRAM response")),
            (false, "c=biws,r=NONCE,p=Bwc=".to_owned(), Err("malformed SCRAM message")),
            (false, "c=biws,r=NONCE,p=?".to_owned(), Err("malformed SCRAM message")),
            (false, "c=biws,r=NONCE".to_owned(), Err("malformed SCRAM message")),
            (false, String::new(), Err("malformed SCRAM message")),
            (false, format!("c=biws,r=NONCE,p={proof},x=1"), Err("malformed SCRAM message")),
            (false, "c=biws,r=NONCE,é".to_owned(), Err("malformed SCRAM message")),
            (false, "c=biws,r=NONCE,,".to_owned(), Err("malformed SCRAM message")),
        ] {
            let flag = if plus { "p=tls-server-end-point" } else { "n" };
            let challenge = exchange(plus, plus).first(&format!("{flag},,n=,r=abc")).expect("well formed");
            let message = last.replace("NONCE", &challenge.nonce);
            let got = challenge.last(&message).map(|signature| signature.is_some());
            assert_eq!(got.as_ref().map_err(Error::message), want.as_ref().map_err(|e| *e), "{last}");
        }
    }
}
