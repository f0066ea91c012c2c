//! What a comparison found, for people and programs: a table for the terminal, JSON, and one page of HTML.

pub(super) mod html;
pub(super) mod json;
pub(super) mod table;
