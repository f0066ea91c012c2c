//! Errors and notices as messages. The text is the engine's; the fields and their order are PostgreSQL's
//! (protocol-error-fields).

use pgwire::messages::response::{ErrorResponse, NoticeResponse};

use crate::engine::Notice;
use crate::error::Error;

use super::sqlstate::sqlstate;

/// What an error ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Severity {
    /// The statement.
    Error,
    /// The connection.
    Fatal,
}

/// The message that tells a client of an error. The cause underneath is for logs and stays here.
pub(super) fn error(severity: Severity, e: &Error) -> ErrorResponse {
    let severity = match severity {
        Severity::Error => "ERROR",
        Severity::Fatal => "FATAL",
    };
    let mut fields = head(severity, sqlstate(e.kind()), e.message());
    let rest = [(b'D', e.detail().map(printable)), (b'H', e.hint().map(printable)), (b'P', e.position().map(|p| p.to_string()))];
    fields.extend(rest.into_iter().filter_map(|(code, text)| Some((code, text?))));
    ErrorResponse::new(fields)
}

/// The message that carries a notice.
pub(super) fn notice(n: &Notice) -> NoticeResponse {
    NoticeResponse::new(head(n.severity, n.code, &n.message))
}

fn head(severity: &str, code: &str, message: &str) -> Vec<(u8, String)> {
    vec![(b'S', severity.to_owned()), (b'V', severity.to_owned()), (b'C', code.to_owned()), (b'M', printable(message))]
}

/// A field ends at its first zero byte, so none may stand inside.
fn printable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Kind;

    #[test]
    fn fields_stand_in_postgres_order() {
        let e = Error::new(Kind::UndefinedTable, "relation \"a\0b\" does not exist").with_hint("h").with_detail("d").at(15);
        let fields = error(Severity::Error, &e).fields;
        let shown: Vec<(char, &str)> = fields.iter().map(|(c, t)| (*c as char, t.as_str())).collect();
        assert_eq!(
            shown,
            [
                ('S', "ERROR"),
                ('V', "ERROR"),
                ('C', "42P01"),
                ('M', "relation \"a\u{fffd}b\" does not exist"),
                ('D', "d"),
                ('H', "h"),
                ('P', "15"),
            ]
        );
    }
}
