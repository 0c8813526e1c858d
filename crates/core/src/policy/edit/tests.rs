use super::tree::{Kind, Spot, Style, document};
use super::value::Value;
use super::*;

const FILE: &str = include_str!("../fixtures/commented.yaml");

fn path(steps: &str) -> Vec<Step> {
    let step = |step: &str| step.parse().map_or_else(|_| Step::Key(step.to_owned()), Step::Index);
    steps.split('>').filter(|step| !step.is_empty()).map(step).collect()
}

fn text(value: &str) -> Written {
    Written::Text(value.to_owned())
}

fn set(file: &str, steps: &str, value: Written) -> Result<String, String> {
    edited(file, &Edit::Set { path: path(steps), value }).map_err(|why| why.sentence)
}

fn remove(file: &str, steps: &str) -> Result<String, String> {
    edited(file, &Edit::Remove { path: path(steps) }).map_err(|why| why.sentence)
}

/// Every scalar of a document with its path, its quotes and its text.
fn scalars(spot: &Spot, at: &[Step], out: &mut Vec<(Vec<Step>, Style, String)>) {
    match &spot.kind {
        Kind::Nothing | Kind::Alias(_) => {}
        Kind::Scalar(style, text) => out.push((at.to_vec(), *style, text.clone())),
        Kind::List(_, items) => {
            for (nth, item) in items.iter().enumerate() {
                scalars(&item.value, &[at, &[Step::Index(nth)]].concat(), out);
            }
        }
        Kind::Map(_, pairs) => {
            for pair in pairs {
                scalars(&pair.value, &[at, &[Step::Key(pair.name.clone())]].concat(), out);
            }
        }
    }
}

fn of_file(file: &str) -> Vec<(Vec<Step>, Style, String)> {
    let mut out = Vec::new();
    scalars(document(file).unwrap().root.as_ref().unwrap(), &[], &mut out);
    out
}

#[test]
fn writing_what_is_there_changes_no_byte() {
    for file in [
        FILE,
        &FILE.replace('\n', "\r\n"),
        include_str!("../fixtures/whole.yaml"),
        include_str!("../template/first.yaml"),
    ] {
        let all = of_file(file);
        assert!(all.len() > 20);
        for (path, _, value) in all {
            let same = edited(file, &Edit::Set { path: path.clone(), value: Written::Text(value) });
            assert_eq!(same.as_deref(), Ok(file), "{}", shown(&path));
        }
    }
}

#[test]
fn a_value_that_is_written_back_leaves_the_file_as_it_was() {
    let mut tried = 0;
    for file in [FILE, &FILE.replace('\n', "\r\n")] {
        for (path, style, value) in of_file(file) {
            let Ok(other) = edited(file, &Edit::Set { path: path.clone(), value: text("something else") }) else {
                continue;
            };
            assert_ne!(other, file, "{}", shown(&path));
            let number = style == Style::Plain && write::is_number(&value);
            let written = if number { Written::Plain(value) } else { Written::Text(value) };
            let back = edited(&other, &Edit::Set { path: path.clone(), value: written }).unwrap();
            assert_eq!(meaning(&back), meaning(file), "{}", shown(&path));
            // Where the lines of a folded text break is not part of its meaning, and is not remembered; a bare
            // `yes` comes back in quotes.
            if style != Style::Folded && !back.contains("\"yes\"") {
                assert_eq!(back, file, "{}", shown(&path));
            }
            tried += 1;
        }
    }
    assert!(tried > 160, "{tried}");
}

#[test]
fn every_part_can_be_removed_or_says_why_not_and_nothing_else_is_lost() {
    let comments = |file: &str| file.lines().filter(|line| line.trim_start().starts_with('#')).count();
    let (mut gone, mut kept) = (0, 0);
    for (path, ..) in of_file(FILE) {
        match edited(FILE, &Edit::Remove { path: path.clone() }) {
            Ok(new) => {
                gone += 1;
                assert_eq!(of_file(&new).len(), of_file(FILE).len() - 1, "{}", shown(&path));
                assert!(comments(&new) + 2 >= comments(FILE), "{}", shown(&path));
            }
            Err(why) => {
                kept += 1;
                assert!(why.sentence.contains("text"), "{}", why.sentence);
            }
        }
    }
    assert!(gone > 80 && kept < 8, "{gone} removed, {kept} refused");
}

#[test]
fn what_is_read_elsewhere_too_is_not_edited() {
    let why = set(FILE, "defaults>draft>max_tokens", Written::Plain("9".to_owned())).unwrap_err();
    assert_eq!(
        why,
        "defaults.draft.max_tokens is used on line 30 too, through *letters. Edit it as text, where you see both."
    );
    assert!(set(FILE, "defaults>chat>max_tokens", Written::Plain("9".to_owned())).unwrap_err().contains("*many"));
    assert!(remove(FILE, "defaults>chat").unwrap_err().contains("is used on line 46 too"));
    assert!(remove(FILE, "defaults>draft").is_err());
    let why = remove(FILE, "defaults>formal>model").unwrap_err();
    assert_eq!(why, "defaults.formal.model comes from another map through <<. Edit it as text.");
    let moved = edited(FILE, &Edit::Move { path: path("defaults"), from: 2, to: 8 });
    assert!(moved.is_err(), "the alias would stand before its anchor");
}

#[test]
fn an_alias_that_is_edited_becomes_a_value_of_its_own() {
    let file = "a: &p {input: 1, output: \"2\"}\nb: *p\nc:\n  d: &q [x]\n  e: *q # also\n";
    let one = set(file, "b>input", Written::Plain("3".to_owned())).unwrap();
    assert_eq!(one, file.replace("b: *p", "b:\n  input: 3\n  output: \"2\""));
    let two = edited(file, &Edit::Insert { path: path("c>e"), at: 1, value: text("w") }).unwrap();
    assert_eq!(two, file.replace("e: *q", "e: [x, w]"));
    assert_eq!(set(file, "b", text("z")).unwrap(), file.replace("b: *p", "b: z"));
    assert_eq!(remove(file, "c>e").unwrap(), file.replace("  e: *q # also\n", ""));
    assert!(remove(file, "a").unwrap_err().contains("is used on line 2 too, through *p"));
}

#[test]
fn a_text_is_quoted_where_yaml_would_read_something_else() {
    for value in [
        "no",
        "Yes",
        "null",
        "~",
        "1.0",
        "0x1F",
        "1e3",
        "2026-11-25",
        "12:30",
        "a: b",
        "a #b",
        "#a",
        "*a",
        "&a",
        "!a",
        "%a",
        "@a",
        "`a",
        "- a",
        "-",
        "? a",
        "[a",
        "{a",
        "a:",
        " a",
        "a ",
        "",
        "|",
        ">",
        "'a",
        "\"a",
        "a\nb",
        "tab\there",
        "a\\b",
        "\u{1}",
        "\u{7f}",
        "\u{85}",
        "\u{2028}",
        "🙂",
        "=",
        "<<",
        ",a",
        "a, b",
        "a]b",
    ] {
        for file in ["a: x\n", "a: 'x'\n", "a: \"x\"\n", "a: |\n  x\n", "a: >-\n  x\n"] {
            let new = set(file, "a", text(value)).unwrap();
            assert_eq!(
                meaning(&new).unwrap().get(&path("a")),
                Some(&Value::Text(value.to_owned())),
                "{value:?}: {new}"
            );
        }
        for file in ["m: {a: x, b: y}\n", "m: {}\n", "m:\n"] {
            let new = set(file, "m>a", text(value)).unwrap();
            assert_eq!(
                meaning(&new).unwrap().get(&path("m>a")),
                Some(&Value::Text(value.to_owned())),
                "{value:?}: {new}"
            );
        }
    }
    assert_eq!(set("a: x\n", "a", text("no")).unwrap(), "a: \"no\"\n");
    assert_eq!(set("a: x\n", "a", text("http://127.0.0.1:1/v1")).unwrap(), "a: http://127.0.0.1:1/v1\n");
}

#[test]
fn a_number_is_digits_and_nothing_else() {
    for good in ["1", "0.5", "-2", "1_000", "true", "false"] {
        assert!(set("a: 7\n", "a", Written::Plain(good.to_owned())).is_ok(), "{good}");
    }
    for bad in ["", "1.2.3", "1e5", ".5", "5.", "abc", "[1]", "1 # x", "yes", "1\n2"] {
        let why = set("a: 7\n", "a", Written::Plain(bad.to_owned())).unwrap_err();
        assert!(why.contains("is not a number"), "{bad}: {why}");
    }
}

#[test]
fn a_file_of_nothing_gets_its_first_entry() {
    for file in ["", "# only words\n", "# no newline", "\r\n"] {
        let new = set(file, "defaults>ask>model", text("m")).unwrap();
        assert!(new.starts_with(file.trim_end()), "{new}");
        assert_eq!(
            new.replace('\r', "").trim_start_matches(file.trim_end()).trim_start(),
            "defaults:\n  ask:\n    model: m\n"
        );
    }
    assert_eq!(set("a: 1", "b", text("x")).unwrap(), "a: 1\nb: x\n", "a missing newline at the end");
    assert_eq!(set("a:\nb: 1\n", "a>c", text("x")).unwrap(), "a:\n  c: x\nb: 1\n");
    assert_eq!(set("a: # why\nb: 1\n", "a>c", text("x")).unwrap(), "a: # why\n  c: x\nb: 1\n");
}

#[test]
fn what_is_not_there_is_said() {
    assert_eq!(remove(FILE, "defaults>nothing").unwrap_err(), "There is no defaults.nothing.");
    assert_eq!(set(FILE, "version>deep", text("x")).unwrap_err(), "version is a text; nothing can stand below it.");
    assert_eq!(set(FILE, "caps>7>name", text("x")).unwrap_err(), "There is no caps[7].name.");
    let renamed = |to: &str| edited(FILE, &Edit::Rename { path: path("defaults>chat"), key: to.to_owned() });
    assert_eq!(renamed("long").unwrap_err().sentence, "defaults.long is there already. Choose another name.");
    assert!(renamed(" ").is_err());
    let moved = edited(FILE, &Edit::Move { path: path("caps"), from: 0, to: 3 });
    assert_eq!(moved.unwrap_err().sentence, "caps has 3 parts.");
    let broken = set("a: [1\n", "a", text("x")).unwrap_err();
    assert!(broken.starts_with("The text cannot be edited by form: line "), "{broken}");
}

#[test]
fn comments_between_brackets_stay_with_their_part_or_the_edit_is_refused() {
    let file = "m: {\n  # of a\n  a: 1, # also of a\n  b: 2\n}\nl: [\n  1, # one\n  2\n]\n";
    assert_eq!(remove(file, "m>b").unwrap(), file.replace("  b: 2\n", ""));
    assert_eq!(remove(file, "l>0").unwrap(), file.replace("  1, # one\n", ""));
    assert!(edited(file, &Edit::Move { path: path("l"), from: 0, to: 1 }).is_err());
    assert_eq!(
        edited(file, &Edit::Insert { path: path("l"), at: 9, value: Written::Plain("3".to_owned()) }).unwrap(),
        file.replace("  2\n", "  2,\n  3\n")
    );
}

#[test]
fn an_edit_of_a_damaged_file_is_made_whole_or_refused() {
    let edits = [
        Edit::Set { path: path("defaults>code>cache"), value: Written::Plain("true".to_owned()) },
        Edit::Set { path: path("defaults>local>rationale"), value: text("one\ntwo") },
        Edit::Remove { path: path("defaults>long>model") },
        Edit::Insert { path: path("fallback>draft"), at: 1, value: Written::Map(vec![("provider".into(), text("x"))]) },
        Edit::Move { path: path("caps"), from: 2, to: 0 },
        Edit::Rename { path: path("defaults>summarize"), key: "other".to_owned() },
    ];
    let chars: Vec<char> = FILE.chars().collect();
    let mut seed = 7_u64;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(seed >> 33).unwrap() % below
    };
    let (mut made, mut refused) = (0, 0);
    for _ in 0..60 {
        let mut damaged = chars.clone();
        for _ in 0..=next(3) {
            let at = next(damaged.len());
            let odd = [
                '{', '}', '[', ']', ':', '#', '&', '*', '|', '>', '\'', '"', '\n', '-', ' ', '\u{feff}', 'é', '?', '!',
            ];
            match next(3) {
                0 => drop(damaged.drain(at..(at + next(30)).min(damaged.len()))),
                1 => damaged.insert(at, odd[next(odd.len())]),
                _ => damaged[at] = odd[next(odd.len())],
            }
        }
        let damaged: String = damaged.into_iter().collect();
        for edit in &edits {
            match edited(&damaged, edit) {
                Ok(new) => {
                    made += 1;
                    assert!(meaning(new.trim_start_matches('\u{feff}')).is_ok());
                }
                Err(why) => {
                    refused += 1;
                    assert!(why.sentence.ends_with('.'), "{}", why.sentence);
                }
            }
        }
    }
    assert!(made > 30 && refused > 30, "{made} made, {refused} refused");
}
