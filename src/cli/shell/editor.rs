//! The line editor: prompt, history, Tab, and Enter that goes on to the next line until the statement ends.

use std::borrow::Cow;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use reedline::{
    ColumnarMenu, Emacs, FileBackedHistory, KeyCode, KeyModifiers, MenuBuilder, Prompt, PromptEditMode, PromptHistorySearch,
    Reedline, ReedlineEvent, ReedlineMenu, ValidationResult, Validator, default_emacs_keybindings,
};

use super::complete::Completion;
use super::statement;
use crate::error::{Error, Result};

/// Entries that the history file keeps.
const HISTORY: usize = 10_000;
const MENU: &str = "completion";

/// An editor with the history of `history`, a file that is made when absent.
pub(super) fn editor(history: &Path, completion: Completion) -> Result<Reedline> {
    let kept = FileBackedHistory::with_file(HISTORY, history.to_owned())
        .map_err(|e| Error::new(crate::Kind::Io, format!("can't keep the history in {}: {e}", history.display())))?;
    let mut keys = default_emacs_keybindings();
    let tab = ReedlineEvent::UntilFound(vec![ReedlineEvent::Menu(MENU.into()), ReedlineEvent::MenuNext]);
    keys.add_binding(KeyModifiers::NONE, KeyCode::Tab, tab);
    keys.add_binding(KeyModifiers::SHIFT, KeyCode::BackTab, ReedlineEvent::MenuPrevious);
    Ok(Reedline::create()
        .with_history(Box::new(kept))
        .with_completer(Box::new(completion))
        // As in psql: one candidate is taken at once, of several as much as they share.
        .with_quick_completions(true)
        .with_partial_completions(true)
        .with_menu(ReedlineMenu::EngineCompleter(Box::new(ColumnarMenu::default().with_name(MENU))))
        .with_edit_mode(Box::new(Emacs::new(keys)))
        .with_validator(Box::new(Whole))
        .with_ansi_colors(false))
}

/// Enter ends the entry when it is a command, or ends with a whole statement.
struct Whole;

impl Validator for Whole {
    fn validate(&self, line: &str) -> ValidationResult {
        if is_whole(line) { ValidationResult::Complete } else { ValidationResult::Incomplete }
    }
}

fn is_whole(mut text: &str) -> bool {
    if text.trim_start().starts_with('\\') {
        return true;
    }
    let mut statements = 0;
    while let Some(end) = statement::end(text) {
        text = &text[end..];
        statements += 1;
    }
    // Blanks alone give nothing to wait for; a comment behind a whole statement belongs to it.
    (statements > 0 && statement::is_blank(text)) || text.trim().is_empty()
}

/// `city=> `, and `city-> ` within a statement.
pub(super) struct DatabasePrompt(pub(super) Arc<Mutex<String>>);

impl DatabasePrompt {
    fn database(&self) -> String {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Prompt for DatabasePrompt {
    fn render_prompt_left(&self) -> Cow<'_, str> {
        self.database().into()
    }

    fn render_prompt_right(&self) -> Cow<'_, str> {
        "".into()
    }

    fn render_prompt_indicator(&self, _mode: PromptEditMode) -> Cow<'_, str> {
        "=> ".into()
    }

    fn render_prompt_multiline_indicator(&self) -> Cow<'_, str> {
        format!("{}-> ", self.database()).into()
    }

    fn render_prompt_history_search_indicator(&self, search: PromptHistorySearch) -> Cow<'_, str> {
        format!("\nsearch {:?}: ", search.term).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enter_ends_whole_entries() {
        for (text, whole) in [
            ("", true),
            ("  ", true),
            (r"\d trips", true),
            ("select 1;", true),
            ("select 1; -- done", true),
            ("select 1; select", false),
            ("select ';", false),
            ("select 1", false),
            ("-- first", false),
        ] {
            assert_eq!(is_whole(text), whole, "{text}");
        }
    }
}
