//! How an error looks in a terminal, and the exit code it ends a command with.

use std::fmt;

use unicode_width::UnicodeWidthStr;

use crate::error::{Error, Kind};

/// What a command failed with, and the SQL it was running, so that the place in it can be shown.
#[derive(Debug)]
pub struct Failure {
    error: Error,
    sql: Option<String>,
    /// Whether nothing could be found out: exit code 2, whatever the error's kind.
    unusable: bool,
}

impl Failure {
    /// A failure of `sql`, whose text the error's position counts in.
    pub fn of_sql(error: Error, sql: impl Into<String>) -> Self {
        Self { error, sql: Some(sql.into()), unusable: false }
    }

    /// A failure of a command whose exit code 1 means something else: that what was looked for was found.
    pub fn unusable(error: Error) -> Self {
        Self { error, sql: None, unusable: true }
    }

    /// 2 for an option or argument that can't be used, 1 for everything that went wrong later.
    pub fn exit_code(&self) -> u8 {
        if self.unusable || self.error.kind() == Kind::Config { 2 } else { 1 }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self { error, sql: None, unusable: false }
    }
}

/// `error:`, the line of the SQL with a caret, `detail:` and `hint:`, a line each.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "error: {}", self.error.message())?;
        if let (Some(sql), Some(position)) = (&self.sql, self.error.position())
            && let Some(place) = place(sql, position)
        {
            write!(f, "\n{place}")?;
        }
        if let Some(detail) = self.error.detail() {
            write!(f, "\ndetail: {detail}")?;
        }
        if let Some(hint) = self.error.hint() {
            write!(f, "\nhint: {hint}")?;
        }
        Ok(())
    }
}

/// Characters of a long line that are shown on each side of the caret.
const AROUND: usize = 60;

/// The line that the 1-based character `position` is in, cut where it is long, and a caret under the character. `None` when the text
/// is shorter.
fn place(sql: &str, position: usize) -> Option<String> {
    let before: Vec<char> = sql.chars().take(position.checked_sub(1)?).collect();
    if before.len() + 1 < position {
        return None;
    }
    let line_number = before.iter().filter(|c| **c == '\n').count() + 1;
    let column = before.iter().rev().take_while(|c| **c != '\n').count();
    let line: Vec<char> = sql.split('\n').nth(line_number - 1)?.trim_end_matches('\r').chars().collect();
    let from = column.saturating_sub(AROUND);
    let to = line.len().min(column + AROUND);
    let shown = |range: &[char]| range.iter().map(|c| if *c == '\t' { ' ' } else { *c }).collect::<String>();
    let lead = format!("line {line_number}: {}", if from > 0 { "..." } else { "" });
    let caret_at = lead.width() + shown(line.get(from..column.min(line.len()))?).width();
    let trail = if to < line.len() { "..." } else { "" };
    Some(format!("{lead}{}{trail}\n{:caret_at$}^", shown(&line[from..to]), ""))
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;

    fn check(sql: &str, error: Error, want: Expect) {
        want.assert_eq(&Failure::of_sql(error, sql).to_string());
    }

    #[test]
    fn an_error_shows_its_place_and_remedy() {
        let error = Error::new(Kind::UndefinedColumn, "no column \"x\" in trips").with_hint("Did you mean \"y\"?").at(12);
        check(
            "select 1,\n x from trips",
            error,
            expect![[r#"
                error: no column "x" in trips
                line 2:  x from trips
                         ^
                hint: Did you mean "y"?"#]],
        );
        check(
            "select '東京', x from trips",
            Error::new(Kind::UndefinedColumn, "no column \"x\"").with_detail("More.").at(14),
            expect![[r#"
                error: no column "x"
                line 1: select '東京', x from trips
                                       ^
                detail: More."#]],
        );
    }

    #[test]
    fn a_long_line_is_cut_around_the_caret() {
        let sql = format!("select {}, x, {}", "a".repeat(200), "b".repeat(200));
        let shown = place(&sql, 210).expect("the text is longer");
        assert!(shown.lines().all(|l| l.width() < 150), "{shown}");
        assert_eq!(shown.lines().last().map(|l| l.len() - 1), shown.lines().next().and_then(|l| l.find('x')));
    }

    #[test]
    fn a_position_behind_the_text_has_no_place() {
        for position in [0, 20, usize::MAX] {
            assert_eq!(place("select 1", position), None);
        }
        assert_eq!(place("select", 7).as_deref(), Some("line 1: select\n              ^"));
    }
}
