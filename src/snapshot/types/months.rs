//! The names of months and weekdays, as dates are written in English, German, French, Spanish, Italian, Portuguese, Dutch,
//! Swedish, Danish, Polish, Czech, Slovak, Hungarian, Russian and Ukrainian. No name stands for two months.

/// Names and abbreviations of each month, in lower case, as they stand in dates.
const MONTHS: [&[&str]; 12] = [
    &[
        "jan",
        "january",
        "januar",
        "jänner",
        "janvier",
        "janv",
        "enero",
        "ene",
        "gennaio",
        "gen",
        "janeiro",
        "januari",
        "stycznia",
        "ledna",
        "január",
        "januára",
        "января",
        "январь",
        "янв",
        "січня",
    ],
    &[
        "feb",
        "february",
        "februar",
        "février",
        "févr",
        "fév",
        "febrero",
        "febbraio",
        "fevereiro",
        "fev",
        "februari",
        "lutego",
        "února",
        "február",
        "februára",
        "февраля",
        "февраль",
        "фев",
        "лютого",
    ],
    &[
        "mar",
        "march",
        "märz",
        "mär",
        "mrz",
        "mars",
        "marzo",
        "março",
        "maart",
        "mrt",
        "marts",
        "marca",
        "března",
        "március",
        "марта",
        "март",
        "березня",
    ],
    &[
        "apr",
        "april",
        "avril",
        "avr",
        "abril",
        "abr",
        "aprile",
        "kwietnia",
        "dubna",
        "április",
        "apríla",
        "апреля",
        "апрель",
        "апр",
        "квітня",
    ],
    &["may", "mai", "mayo", "maggio", "mag", "maio", "mei", "maj", "maja", "května", "május", "mája", "мая", "май", "травня"],
    &[
        "jun",
        "june",
        "juni",
        "juin",
        "junio",
        "giugno",
        "giu",
        "junho",
        "czerwca",
        "června",
        "június",
        "júna",
        "июня",
        "июнь",
        "июн",
        "червня",
    ],
    &[
        "jul",
        "july",
        "juli",
        "juillet",
        "juil",
        "julio",
        "luglio",
        "lug",
        "julho",
        "lipca",
        "července",
        "július",
        "júla",
        "июля",
        "июль",
        "июл",
        "липня",
    ],
    &[
        "aug",
        "august",
        "août",
        "agosto",
        "ago",
        "augustus",
        "augusti",
        "sierpnia",
        "srpna",
        "augusztus",
        "augusta",
        "августа",
        "август",
        "авг",
        "серпня",
    ],
    &[
        "sep",
        "sept",
        "september",
        "septembre",
        "septiembre",
        "settembre",
        "set",
        "setembro",
        "września",
        "září",
        "szeptember",
        "septembra",
        "сентября",
        "сентябрь",
        "сен",
        "вересня",
    ],
    &[
        "oct",
        "october",
        "oktober",
        "okt",
        "octobre",
        "octubre",
        "ottobre",
        "ott",
        "outubro",
        "out",
        "października",
        "října",
        "október",
        "októbra",
        "октября",
        "октябрь",
        "окт",
        "жовтня",
    ],
    &[
        "nov",
        "november",
        "novembre",
        "noviembre",
        "novembro",
        "listopada",
        "listopadu",
        "novembra",
        "ноября",
        "ноябрь",
        "ноя",
        "листопада",
    ],
    &[
        "dec",
        "december",
        "dezember",
        "dez",
        "décembre",
        "déc",
        "diciembre",
        "dic",
        "dicembre",
        "dezembro",
        "grudnia",
        "prosince",
        "decembra",
        "декабря",
        "декабрь",
        "дек",
        "грудня",
    ],
];

/// Names of weekdays, in English first.
const DAYS: [[&str; 7]; 4] = [
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"],
    ["montag", "dienstag", "mittwoch", "donnerstag", "freitag", "samstag", "sonntag"],
    ["lundi", "mardi", "mercredi", "jeudi", "vendredi", "samedi", "dimanche"],
    ["lunes", "martes", "miércoles", "jueves", "viernes", "sábado", "domingo"],
];

/// The longest name, in bytes.
const LONGEST: usize = 18;

/// A month's name at the start, and what follows it.
pub(super) fn month(text: &[u8]) -> Option<(u32, &[u8])> {
    let (word, rest) = word(text);
    let word = std::str::from_utf8(word).ok()?;
    let lower = (!word.is_ascii()).then(|| word.to_lowercase());
    let word = lower.as_deref().unwrap_or(word);
    let is = |name: &&str| name.eq_ignore_ascii_case(word);
    (3..=LONGEST)
        .contains(&word.len())
        .then(|| (1..).zip(MONTHS).find(|(_, names)| names.iter().any(is)))?
        .map(|(n, _)| (n, rest))
}

/// What follows a weekday's name, a comma and blanks; all of the text when it starts with none. English ones are cut to three letters too.
pub(super) fn skip_weekday(text: &[u8]) -> &[u8] {
    let (word, rest) = word(text);
    let is = |day: &&str| day.as_bytes().eq_ignore_ascii_case(word);
    let is_cut = || word.len() == 3 && DAYS[0].iter().any(|day| day.as_bytes()[..3].eq_ignore_ascii_case(word));
    if !DAYS.iter().flatten().any(is) && !is_cut() {
        return text;
    }
    let rest = rest.strip_prefix(b".").unwrap_or(rest);
    rest.strip_prefix(b",").unwrap_or(rest).trim_ascii_start()
}

/// The letters at the start; every byte of a character beyond ASCII counts as one.
fn word(text: &[u8]) -> (&[u8], &[u8]) {
    text.split_at(text.iter().take(LONGEST + 1).take_while(|b| b.is_ascii_alphabetic() || !b.is_ascii()).count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stands_for_one_month() {
        let mut seen = std::collections::HashSet::new();
        for name in MONTHS.iter().flat_map(|names| names.iter()) {
            assert!(seen.insert(*name) && name.len() <= LONGEST && name.to_lowercase() == *name, "{name}");
        }
        for (text, want) in
            [("Mar-11", Some((3, "-11"))), ("AOÛT 2020", Some((8, " 2020"))), ("Märzen", None), ("Ma", None), ("2020", None)]
        {
            let found = month(text.as_bytes()).map(|(n, rest)| (n, std::str::from_utf8(rest).expect("cut between characters")));
            assert_eq!(found, want, "{text}");
        }
        assert_eq!(skip_weekday(b"Mon, 9 March"), b"9 March");
        assert_eq!(skip_weekday(b"Monday9"), b"9");
        assert_eq!(skip_weekday(b"Month"), b"Month");
        assert_eq!(skip_weekday("miércoles 5".as_bytes()), b"5");
        assert_eq!(skip_weekday(b"lun 5"), b"lun 5");
    }
}
