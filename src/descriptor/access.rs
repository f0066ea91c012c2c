//! Who may see what was published, and the words that say so.

/// The EU authority list's access rights; Shanghai's unconditional, conditional and non-open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AccessRights {
    #[default]
    Public,
    Restricted,
    NonPublic,
}

impl AccessRights {
    /// What a text means: the EU's authority list by name or URI, DCAT-US's `accessLevel`, INSPIRE's absence of limits, COAR's and OpenAIRE's
    /// terms, the words of Shanghai's portal and of others in China. `None` when it is none of them: what is not understood is not to
    /// be taken for public.
    pub fn of_words(words: &str) -> Option<Self> {
        let last = words.trim_end_matches('/').rsplit(['/', '#']).next().unwrap_or_default();
        // Shanghai's rules speak of classes (`无条件开放类`).
        match last.trim().trim_end_matches('类').to_lowercase().replace([' ', '-'], "_").as_str() {
            "public" | "open" | "unconditional" | "open_access" | "openaccess" | "c_abf2" | "nolimitations" | "无条件开放"
            | "完全开放" | "直接开放" => Some(Self::Public),
            "restricted" | "restricted_public" | "conditional" | "restricted_access" | "restrictedaccess" | "c_16ec"
            | "有条件开放" | "依申请开放" => Some(Self::Restricted),
            "non_public" | "nonpublic" | "non_open" | "private" | "closed" | "confidential" | "sensitive" | "closed_access"
            | "closedaccess" | "c_14cb" | "c_f1cf" | "embargoed_access" | "embargoedaccess" | "不予开放" | "不开放"
            | "非开放" => Some(Self::NonPublic),
            _ => None,
        }
    }

    /// The EU authority list's code.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Public => "PUBLIC",
            Self::Restricted => "RESTRICTED",
            Self::NonPublic => "NON_PUBLIC",
        }
    }
}
