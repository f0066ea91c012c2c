//! DOS's code pages, which the WHATWG Encoding Standard leaves out but for 866. ASCII is the lower half of each.

/// A code page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// Of the United States.
    Cp437,
    /// Of Western Europe.
    Cp850,
    /// Of Central Europe.
    Cp852,
    /// Of Western Europe with the euro sign.
    Cp858,
}

impl Page {
    /// Those that a guess may be, which differ in a few letters; the first where nothing tells.
    pub(super) const GUESSED: [Self; 2] = [Self::Cp850, Self::Cp437];

    /// The page that a label in lower case stands for: `cp850`, `ibm850`, `850` (IANA's character sets).
    pub(super) fn of_label(label: &str) -> Option<Self> {
        let number = ["cp", "ibm", "dos-"].iter().find_map(|before| label.strip_prefix(before)).unwrap_or(label);
        match number.trim_start_matches(['-', '0']) {
            "437" => Some(Self::Cp437),
            "850" => Some(Self::Cp850),
            "852" => Some(Self::Cp852),
            "858" => Some(Self::Cp858),
            _ => None,
        }
    }

    /// IANA's name.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Cp437 => "IBM437",
            Self::Cp850 => "IBM850",
            Self::Cp852 => "IBM852",
            Self::Cp858 => "IBM00858",
        }
    }

    /// The characters from 0x80 on.
    pub(super) fn upper(self) -> Vec<char> {
        let upper = match self {
            Self::Cp437 => {
                "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜ¢£¥₧ƒáíóúñÑªº¿⌐¬½¼¡«»░▒▓│┤╡╢╖╕╣║╗╝╜╛┐\
               └┴┬├─┼╞╟╚╔╩╦╠═╬╧╨╤╥╙╘╒╓╫╪┘┌█▄▌▐▀αßΓπΣσµτΦΘΩδ∞φε∩≡±≥≤⌠⌡÷≈°∙·√ⁿ²■\u{a0}"
            }
            Self::Cp850 => {
                "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
               └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈıÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}"
            }
            Self::Cp852 => {
                "ÇüéâäůćçłëŐőîŹÄĆÉĹĺôöĽľŚśÖÜŤťŁ×čáíóúĄąŽžĘę¬źČş«»░▒▓│┤ÁÂĚŞ╣║╗╝Żż┐\
               └┴┬├─┼Ăă╚╔╩╦╠═╬¤đĐĎËďŇÍÎě┘┌█▄ŢŮ▀ÓßÔŃńňŠšŔÚŕŰýÝţ´\u{ad}˝˛ˇ˘§÷¸°¨˙űŘř■\u{a0}"
            }
            Self::Cp858 => {
                "ÇüéâäàåçêëèïîìÄÅÉæÆôöòûùÿÖÜø£Ø×ƒáíóúñÑªº¿®¬½¼¡«»░▒▓│┤ÁÂÀ©╣║╗╝¢¥┐\
               └┴┬├─┼ãÃ╚╔╩╦╠═╬¤ðÐÊËÈ€ÍÎÏ┘┌█▄¦Ì▀ÓßÔÒõÕµþÞÚÛÙýÝ¯´\u{ad}±‗¾¶§÷¸°¨·¹³²■\u{a0}"
            }
        };
        upper.chars().collect()
    }
}

/// The text of bytes in a page with this upper half.
pub(super) fn text(bytes: &[u8], upper: &[char]) -> String {
    bytes.iter().map(|b| upper.get(usize::from(*b).wrapping_sub(0x80)).copied().unwrap_or(char::from(*b))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_whole() {
        for page in [Page::Cp437, Page::Cp850, Page::Cp852, Page::Cp858] {
            let upper = page.upper();
            assert_eq!((upper.len(), upper[0x7f]), (128, '\u{a0}'), "{page:?}");
            assert_eq!(Page::of_label(&page.name().to_ascii_lowercase()), Some(page));
        }
        assert_eq!((Page::of_label("850"), Page::of_label("cp1252"), Page::of_label("")), (Some(Page::Cp850), None, None));
    }
}
