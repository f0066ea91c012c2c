//! Whole files of each encoding, read to their text.

use super::*;

/// The encoding with `?` for a guess, the text, each bad place as `offset in the text@byte of the file`, and the warnings when asked.
fn read(bytes: &[u8], label: Option<&str>) -> (String, Vec<String>) {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let raw = dir.path().join("raw");
    std::fs::write(&raw, bytes).expect("writes");
    let mut warnings = Vec::new();
    let shown = match decode(&raw, "f.csv", label, &dir.path().join("out"), &Stop::default(), &mut warnings) {
        Ok(t) => {
            let text = std::fs::read(&t.path).expect("reads");
            let text = String::from_utf8(text[t.skip as usize..].to_vec()).expect("is UTF-8");
            let bad: Vec<String> = t.bad.iter().map(|b| format!("{}@{}{}", b.at, b.byte, b.escaped())).collect();
            format!("{}{} {text} [{}]", t.encoding, if t.guessed { "?" } else { "" }, bad.join(" "))
        }
        Err(e) => e.to_string(),
    };
    (shown, warnings)
}

fn check(bytes: &[u8], label: Option<&str>, want: &str) {
    assert_eq!(read(bytes, label).0, want, "{label:?} {:?}", String::from_utf8_lossy(&bytes[..bytes.len().min(60)]));
}

fn utf16(text: &str, big: bool) -> Vec<u8> {
    text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
}

fn utf32(text: &str, big: bool) -> Vec<u8> {
    text.chars().flat_map(|c| if big { u32::from(c).to_be_bytes() } else { u32::from(c).to_le_bytes() }).collect()
}

#[test]
fn declared_and_marked_encodings() {
    let text = "a,b\r\n1,é\n";
    let gb = encoding_rs::GB18030.encode("省份,城市\n湖北省,武汉市\n").0.into_owned();
    for (bytes, label, want) in [
        ("é".as_bytes().to_vec(), None, "UTF-8 é []".to_owned()),
        (b"\xef\xbb\xbfid".to_vec(), None, "UTF-8 id []".to_owned()),
        (b"\xef\xbb\xbfid".to_vec(), Some("utf-8"), "UTF-8 id []".to_owned()),
        (b"\xa9".to_vec(), Some("latin1"), "windows-1252 © []".to_owned()),
        (gb, Some("cp936"), "gb18030 省份,城市\n湖北省,武汉市\n []".to_owned()),
        ([&[0xff, 0xfe][..], &utf16(text, false)].concat(), None, format!("UTF-16LE {text} []")),
        ([&[0xfe, 0xff][..], &utf16(text, true)].concat(), Some("utf-16"), format!("UTF-16BE {text} []")),
        (utf16(text, true), Some("utf-16"), format!("UTF-16BE {text} []")),
        (utf16(text, true), Some("UTF16BE"), format!("UTF-16BE {text} []")),
        (utf16(text, false), None, format!("UTF-16LE? {text} []")),
        (utf16("省份,城市\n湖北省,1\n", true), None, "UTF-16BE? 省份,城市\n湖北省,1\n []".to_owned()),
        ([&[0xff, 0xfe, 0, 0][..], &utf32(text, false)].concat(), None, format!("UTF-32LE {text} []")),
        ([&[0, 0, 0xfe, 0xff][..], &utf32(text, true)].concat(), None, format!("UTF-32BE {text} []")),
        (utf32(text, true), None, format!("UTF-32BE? {text} []")),
        (utf32(text, false), Some("utf-32"), format!("UTF-32LE {text} []")),
        (b"\xa4\xd5".to_vec(), Some("cp858"), "IBM00858 ñ€ []".to_owned()),
        (b"\x86".to_vec(), Some("ibm852"), "IBM852 ć []".to_owned()),
        (b"x".to_vec(), Some("klingon"), "f.csv: \"klingon\" is not a known encoding".to_owned()),
        (Vec::new(), None, "UTF-8  []".to_owned()),
        // Marks of files that were joined, and DOS's end of a text.
        (b"\xef\xbb\xbf\xef\xbb\xbfid".to_vec(), None, "UTF-8 id []".to_owned()),
        ("\u{feff}id\n1\n\u{feff}id\n2 \u{feff}\0".into(), None, "UTF-8 id\n1\nid\n2 \u{feff}\0 [13@19\\x00]".to_owned()),
        ("\n\u{feff}\u{feff}id\r\u{feff}1".into(), None, "UTF-8 \nid\r1 []".to_owned()),
        (
            [" ".repeat(CHUNK - 1).as_str(), "\n\u{feff}1"].concat().into_bytes(),
            None,
            format!("UTF-8 {}\n1 []", " ".repeat(CHUNK - 1)),
        ),
        (utf16("\u{feff}\u{feff}id\n\u{feff}1", false), None, "UTF-16LE id\n1 []".to_owned()),
        (b"id\n3\x1a".to_vec(), None, "UTF-8 id\n3 []".to_owned()),
        (b"id\n\x1a\x1a".to_vec(), None, "UTF-8 id\n\x1a []".to_owned()),
        (b"id\n3\x1a\r\n".to_vec(), None, "UTF-8 id\n3\r\n []".to_owned()),
        (b"id\n\x1a\n\n".to_vec(), None, "UTF-8 id\n\x1a\n\n []".to_owned()),
        (utf16("\u{feff}3\x1a\r\n", true), None, "UTF-16BE 3\r\n []".to_owned()),
        (b"\xe9\x1a\n\x1a\n".to_vec(), Some("latin1"), "windows-1252 \u{e9}\x1a\n\n []".to_owned()),
        (b"i\x1ad\n".to_vec(), Some("latin1"), "windows-1252 i\x1ad\n []".to_owned()),
        (b"\xe9\x1a".to_vec(), Some("latin1"), "windows-1252 \u{e9} []".to_owned()),
        (
            b"<?xml version='1.0' encoding='Shift_JIS'?>\x95\x5c".to_vec(),
            None,
            "Shift_JIS <?xml version='1.0' encoding='Shift_JIS'?>表 []".to_owned(),
        ),
        (
            b"<?xml encoding=\"utf-8\"?>\xe9\xe9a".to_vec(),
            None,
            "UTF-8 <?xml encoding=\"utf-8\"?>\u{fffd}\u{fffd}a [24@24\\xE9 27@25\\xE9]".to_owned(),
        ),
        ("<?xml encoding=\"latin1\"?>é".into(), None, "UTF-8 <?xml encoding=\"latin1\"?>é []".to_owned()),
    ] {
        check(&bytes, label, &want);
    }
}

#[test]
fn bytes_that_are_no_text_keep_their_places() {
    let late = [" ".repeat(CHUNK - 1).into_bytes(), "é".into()].concat();
    check(&late, None, &format!("UTF-8 {} []", String::from_utf8_lossy(&late)));
    let far = [" ".repeat(CHUNK - 1).into_bytes(), b"\xe6\x97,".to_vec()].concat();
    check(&far, Some("utf-8"), &format!("UTF-8 {}\u{FFFD}, [{n}@{n}\\xE6\\x97]", " ".repeat(CHUNK - 1), n = CHUNK - 1));
    for (bytes, label, want) in [
        (&b"a\xa9b"[..], Some("utf-8"), "UTF-8 a\u{FFFD}b [1@1\\xA9]"),
        (b"cut \xe6\x97", Some("utf-8"), "UTF-8 cut \u{FFFD} [4@4\\xE6\\x97]"),
        (b"a,b\n\x00,2\n", None, "UTF-8 a,b\n\0,2\n [4@4\\x00]"),
        (b"\xef\xbb\xbfa\n\x00\n", None, "UTF-8 a\n\0\n [2@5\\x00]"),
        (b"\xe9\n\x00\n", Some("latin1"), "windows-1252 é\n\0\n [3@2\\x00]"),
        (b"\xff\xfea\0\0\0\n\0", None, "UTF-16LE a\0\n [1@4\\x00]"),
        (b"\xff\xfea\0\0\xd8\n\0", None, "UTF-16LE a\u{FFFD}\n [1@4\\x00\\xD8]"),
        (b"\xff\xfea\0\0\xd8\0\0b\0", None, "UTF-16LE a\u{FFFD}\0b [1@4\\x00\\xD8 4@6\\x00]"),
        (b"\0\0\xfe\xff\0\0\0a\0\x11\0\0\0\0\0b\0", None, "UTF-32BE a\u{FFFD}b\u{FFFD} [1@8\\x00\\x11\\x00\\x00 5@16\\x00]"),
        // UTF-32 with damage stays UTF-32.
        (
            &[utf32(&"id,1\n".repeat(20), false), vec![0, 0xd8, 0, 0]].concat(),
            None,
            &format!("UTF-32LE? {}\u{FFFD} [100@400\\x00\\xD8\\x00\\x00]", "id,1\n".repeat(20)),
        ),
        // One sign that stands alone says nothing of its encoding.
        (b"id,name\n1,english\n2,\xa9\n", None, "UTF-8 id,name\n1,english\n2,\u{FFFD}\n [20@20\\xA9]"),
        // UTF-8 with damage stays UTF-8.
        ("Ærø,Dragør,Tårnby\nK".as_bytes(), None, "UTF-8 Ærø,Dragør,Tårnby\nK []"),
        (b"\xc3\x86r\xc3\xb8,Drag\xc3\xb8r\nK\xf8ge\n", None, "UTF-8 Ærø,Dragør\nK\u{FFFD}ge\n [15@15\\xF8]"),
        (b"1,Caf\xc3\xa9\n2,Caf\xe9\n", None, "UTF-8 1,Café\n2,Caf\u{FFFD}\n [13@13\\xE9]"),
        (b"<name>a\xa9b</name>", None, "UTF-8 <name>a\u{FFFD}b</name> [7@7\\xA9]"),
        // One word, however often, is no text of two bytes a character.
        (
            &b"K\x94ln\n".repeat(40),
            None,
            &format!(
                "UTF-8 {} [{}]",
                "K\u{FFFD}ln\n".repeat(40),
                (0..40).map(|n| format!("{}@{}\\x94", 7 * n + 1, 5 * n + 1)).collect::<Vec<_>>().join(" ")
            ),
        ),
        // Mac's letters make words of these too.
        (b"S\x9bren\nK\x9bge\nGr\x9bn\n", None, "UTF-8 S\u{FFFD}ren\nK\u{FFFD}ge\nGr\u{FFFD}n\n [1@1\\x9B 9@7\\x9B 17@13\\x9B]"),
        // Two words are no proof of DOS's code pages.
        (b"r\x94mer,5\nm\x81ller,6\n", None, "UTF-8 r\u{FFFD}mer,5\nm\u{FFFD}ller,6\n [1@1\\x94 11@9\\x81]"),
        (b"K\x94nig,5\nM\x81hle,6\n", None, "UTF-8 K\u{FFFD}nig,5\nM\u{FFFD}hle,6\n [1@1\\x94 11@9\\x81]"),
        (b"K\x94\0\x80\n", Some("cp437"), "IBM437 Kö\0Ç\n [3@2\\x00]"),
    ] {
        check(bytes, label, want);
    }
}

#[test]
fn encodings_are_guessed_when_the_text_supports_it() {
    for (encoding, text) in [
        (encoding_rs::GB18030, "省份,城市\n湖北省,武汉市\n报道时间,新增确诊\n"),
        (encoding_rs::BIG5, "編號,景點名稱\n一,臺南市安平古堡\n二,赤崁樓與孔廟文化園區\n"),
        (encoding_rs::SHIFT_JIS, "都道府県,市区町村\n静岡県,やいづ市のまちづくり\n"),
        (encoding_rs::EUC_JP, "都道府県,市区町村\n静岡県,やいづ市のまちづくり\n"),
        (encoding_rs::EUC_KR, "시도,시군구\n서울특별시,종로구\n부산광역시,해운대구\n"),
        (encoding_rs::WINDOWS_1251, "Город,Население\nМосква,12\nСанкт-Петербург,5\n"),
        (encoding_rs::ISO_8859_7, "id,name\n1,Κώστας\n2,Αλέξανδρος\n3,Μύρων\n"),
        (encoding_rs::WINDOWS_1252, "Codice;Unità\n1;Agliè\n2;Città\n"),
        // Signs alone are those of the Western set.
        (encoding_rs::WINDOWS_1252, "Supplier,Amount\nA,£68\nB,£5\n"),
        (encoding_rs::WINDOWS_1252, "Site,Temp °C\nA,5\nB,6\n"),
        (encoding_rs::GB18030, "性别,数\n男,1\n女,2\n"),
        (encoding_rs::GB18030, "名称,数量\n北京,1\n上海,2\n"),
        (encoding_rs::EUC_KR, "성별,수\n남,1\n여,2\n"),
        (encoding_rs::EUC_JP, "番号,名称,住所\n1,東京都庁,東京都新宿区西新宿\n2,大阪府庁,大阪市中央区大手前\n"),
        (encoding_rs::ISO_2022_JP, "番号,名称\n1,東京都庁\n"),
        (encoding_rs::ISO_8859_15, "nom;prix\nCœur à la crème;5 €\nŒuf brouillé;7 €\n"),
        (encoding_rs::ISO_8859_15, "nom;prix\nLe cœur déçu mais l âme plutôt naïve;5 €\nrêva œuvre;7 €\n"),
        (encoding_rs::WINDOWS_1252, "nom;prix\nCœur à la crème;5 €\nŒuf brouillé;7 €\n"),
        (encoding_rs::WINDOWS_1252, "Größe;Zahl\n½ Liter;1½\n¾ Maß;3\n"),
        (encoding_rs::WINDOWS_1252, "Nom;N°\nL’été;5–6\nl‘an d’après;1\n"),
        (encoding_rs::MACINTOSH, "Ville,Code\rMontréal,514\rQuébec,418\rTrois-Rivières,819\r"),
        (encoding_rs::WINDOWS_1251, "ГОРОД;НАСЕЛЕНИЕ\nМОСКВА;12\nКАЗАНЬ;5\n"),
        (encoding_rs::WINDOWS_1250, "Město,Kraj\nPlzeň,Plzeňský kraj\nŽďár nad Sázavou,Vysočina\nPříbram,Středočeský kraj\n"),
    ] {
        let bytes = encoding.encode(text).0.into_owned();
        let (shown, warnings) = read(&bytes, None);
        assert!(shown.contains(&format!("? {text} []")), "{}: {shown}", encoding.name());
        assert!(warnings[0].contains("declare \"encoding\": "), "{warnings:?}");
    }
}

#[test]
fn one_byte_that_a_set_lacks_is_damage() {
    for (encoding, line, byte) in
        [(encoding_rs::WINDOWS_1255, "7,שלום עולם,ירושלים\n", 0xd9), (encoding_rs::WINDOWS_1253, "7,Αλέξανδρος Ά,Κώστας\n", 0xaa)]
    {
        let mut bytes = encoding.encode(&line.repeat(60)).0.into_owned();
        bytes.insert(2, byte);
        let (shown, _) = read(&bytes, None);
        assert!(shown.contains(&format!("? 7,\u{FFFD}{}", &line[2..])), "{}: {shown}", encoding.name());
    }
}

#[test]
fn a_line_too_long_to_be_seen_at_once_is_cut_anywhere() {
    let text = format!("[\"{}\"]", "省份城市,湖北省武汉市;".repeat(16 << 10));
    let bytes = encoding_rs::GBK.encode(&text).0;
    for shift in ["", " "] {
        let (shown, _) = read(&[shift.as_bytes(), &bytes].concat(), None);
        assert!(shown == format!("gb18030? {shift}{text} []"), "{}", crate::name::clip(&shown, 200));
    }
}

#[test]
fn halves_of_characters_and_zlotys_tell_of_their_set() {
    check(
        b"1,Caf\xc3\xa9\n2,\xed\xa0\xbd\xed\xb8\x80",
        None,
        &format!(
            "UTF-8 1,Café\n2,{} [{}]",
            "\u{FFFD}".repeat(6),
            ["10@10\\xED", "13@11\\xA0", "16@12\\xBD", "19@13\\xED", "22@14\\xB8", "25@15\\x80",].join(" ")
        ),
    );
    check(b"a;-1 000,00 z\xb3\nb;5z\xb3\n", None, "windows-1250? a;-1 000,00 zł\nb;5zł\n []");
    check(b"a;5 m\xb3\nb;7 m\xb3\n", None, "windows-1252? a;5 m³\nb;7 m³\n []");
}

#[test]
fn dos_is_guessed_when_words_hold_together_in_nothing_else() {
    for (bytes, want) in [
        (&b"K\x94nig,Stra\xe1e\nM\x81hle,J\x84ger\n"[..], "IBM850? König,Straße\nMühle,Jäger\n []"),
        (
            b"Pr\x82nom,\x83ge\nFran\x87ois,5\nH\x82l\x8ane,6\nAn\xa1bal,7\n",
            "IBM850? Prénom,âge\nFrançois,5\nHélène,6\nAníbal,7\n []",
        ),
    ] {
        check(bytes, None, want);
        check(bytes, Some("CP850"), &want.replace('?', ""));
    }
}

#[test]
fn what_the_user_should_know_is_said() {
    for (bytes, label, want) in [
        (
            &b"\xef\xbb\xbfid\n"[..],
            Some("latin1"),
            "f.csv begins with the mark of UTF-8, and windows-1252 is declared: it is read as UTF-8",
        ),
        (
            b"id\n\xa9\n",
            None,
            "f.csv has one place that can't be decoded, where cells are rejected: byte 3 of the file (\\xA9) is not UTF-8; \
             declare its encoding if it is another",
        ),
        (
            b"id\n\0\n",
            Some("utf-8"),
            "f.csv has one place that can't be decoded, where cells are rejected: byte 3 of the file is a NUL, which text can't hold",
        ),
        (b"<?xml version='1.0' encoding=\"latin1\"?>\xe9", None, ""),
    ] {
        assert_eq!(read(bytes, label).1.concat(), want);
    }
    let binary: Vec<u8> = (0..2000_u32).map(|i| (i * 7919 % 251) as u8).collect();
    check(&binary, None, "f.csv holds binary data, not text");
}

#[test]
fn a_text_that_is_gone_is_named() {
    let dir = tempfile::tempdir().expect("a temporary folder");
    let path = dir.path().join("gone");
    let text = Text { path: path.clone(), skip: 3, bytes: 9, bad: Vec::new(), encoding: "UTF-8", guessed: false };
    let e = text.open("t.csv", 4).expect_err("there is no file");
    let start = format!("t.csv: its text in {} can't be opened at byte 7: ", path.display());
    assert!(e.kind() == Kind::Io && e.message().starts_with(&start), "{e}");
}
