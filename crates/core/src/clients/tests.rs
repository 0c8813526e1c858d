//! The golden cases of registration, and odd formattings by the thousand.

use std::collections::BTreeMap;

use super::*;

const CLAUDE: &Client = &CLIENTS[0];
const COMMAND: &str = "/home/anna/.local/share/pointsman/bin/pointsman";

fn entry() -> Entry {
    let args = ["mcp", "--home", "/home/anna/.local/share/pointsman", "--client", "claude-desktop"];
    Entry { command: COMMAND.into(), args: args.map(String::from).to_vec() }
}

fn ours() -> Ours<'static> {
    Ours { command: COMMAND, name: None, entry: None }
}

fn connect(text: &str) -> Edit {
    plan_connect(CLAUDE, Some(text.as_bytes()), "pointsman", &entry(), ours(), Replace::No)
        .unwrap_or_else(|trouble| panic!("{trouble} in {text:?}"))
}

fn after(edit: &Edit) -> String {
    String::from_utf8(edit.after.clone().expect("a file")).expect("UTF-8")
}

fn trouble(text: &[u8]) -> FileTrouble {
    let connect = plan_connect(CLAUDE, Some(text), "pointsman", &entry(), ours(), Replace::Yes).expect_err("refused");
    let disconnect = plan_disconnect(CLAUDE, Some(text), ours(), Made::Entry, None).expect_err("refused");
    assert_eq!(connect, disconnect, "both ways say the same");
    connect
}

#[test]
fn an_entry_is_added_in_the_style_of_its_neighbours() {
    let before = r#"{
    "mcpServers": {
        "files": {
            "command": "npx",
            "args": ["-y", "files"]
        }
    },
    "globalShortcut": "Ctrl+Space",
    "unknown": 1e3
}
"#;
    let wanted = r#"{
    "mcpServers": {
        "files": {
            "command": "npx",
            "args": ["-y", "files"]
        },
        "pointsman": {
            "command": "/home/anna/.local/share/pointsman/bin/pointsman",
            "args": ["mcp", "--home", "/home/anna/.local/share/pointsman", "--client", "claude-desktop"]
        }
    },
    "globalShortcut": "Ctrl+Space",
    "unknown": 1e3
}
"#;
    assert_eq!(after(&connect(before)), wanted);
}

#[test]
fn tabs_windows_line_ends_bom_and_a_missing_last_line_end_stay() {
    let before = "\u{feff}{\r\n\t\"mcpServers\": {},\r\n\t\"a\": [ 1 ,2 ]\r\n}";
    let text = after(&connect(before));
    let wanted = "\u{feff}{\r\n\t\"mcpServers\": {\r\n\t\t\"pointsman\": {\r\n\t\t\t\"command\": ";
    assert!(text.starts_with(wanted), "{text:?}");
    assert!(text.ends_with("\r\n\t\t}\r\n\t},\r\n\t\"a\": [ 1 ,2 ]\r\n}"), "{text:?}");
    assert_eq!(text.matches('\n').count(), text.matches("\r\n").count(), "one kind of line end");
}

#[test]
fn a_file_on_one_line_stays_on_one_line() {
    let tight = after(&connect(r#"{"mcpServers":{"a":{"command":"x"}},"z":1}"#));
    assert!(tight.starts_with(r#"{"mcpServers":{"a":{"command":"x"},"pointsman":{"command":"/home"#), "{tight}");
    assert!(tight.ends_with(r#""claude-desktop"]}},"z":1}"#), "{tight}");
    let wide = after(&connect(r#"{ "mcpServers": { "a": { "command": "x" } } }"#));
    assert!(wide.starts_with(r#"{ "mcpServers": { "a": { "command": "x" }, "pointsman": {"command": "#), "{wide}");
}

#[test]
fn absent_empty_and_listless_files_become_the_smallest_that_works() {
    let fresh = plan_connect(CLAUDE, None, "pointsman", &entry(), ours(), Replace::No).expect("planned");
    assert_eq!(fresh.made, Made::File);
    let text = after(&fresh);
    assert!(text.starts_with("{\n  \"mcpServers\": {\n    \"pointsman\": {\n      \"command\""), "{text}");
    assert!(text.ends_with("]\n    }\n  }\n}\n"), "{text}");
    assert_eq!(after(&connect("")), text);
    assert_eq!(after(&connect(" \n\t\r\n")), text);
    assert_eq!(after(&connect("\u{feff}")), format!("\u{feff}{text}"));
    assert_eq!(after(&connect("{}\n")), text, "an empty object is laid out like a new file");
    let listless = connect("{\n\t\"theme\": \"dark\"\n}\n");
    assert_eq!(listless.made, Made::Servers);
    assert!(after(&listless).starts_with("{\n\t\"theme\": \"dark\",\n\t\"mcpServers\": {\n\t\t\"pointsman\""));
}

#[test]
fn what_the_client_could_not_read_is_named_with_its_place_and_never_written() {
    let cases: [(&[u8], u32, u32, &str); 15] = [
        (b"{\n  // mine\n  \"mcpServers\": {}\n}", 2, 3, "a comment"),
        (b"{ /* x */ }", 1, 3, "a comment"),
        (b"{\n  \"mcpServers\": {},\n}", 2, 19, "a comma with nothing after it"),
        (b"{ \"mcpServers\": {\"a\": {\"args\": [1,]}} }", 1, 34, "a comma with nothing after it"),
        (b"{\n  \"a\": 1,,\n  \"b\": 2\n}", 2, 10, "unexpected `,`"),
        (b"{\"a\": 1 \"b\": 2}", 1, 8, "a comma is missing"),
        (b"{\"mcpServers\": {}, \"mcpServers\": {}}", 1, 20, "`mcpServers` stands here a second time"),
        (b"{\"mcpServers\": {\"x\": {}, \"x\": {}}}", 1, 26, "`x` stands here a second time"),
        (b"[1]", 1, 1, "must hold one object"),
        (b"\"text\"", 1, 1, "must hold one object"),
        (b"{\"mcpServers\": []}", 1, 16, "`mcpServers` must be a list of servers"),
        (b"{\"mcpServers\": null}", 1, 16, "`mcpServers` must be a list of servers"),
        (b"{\"a\": \"caf\xe9\"}", 1, 11, "not UTF-8"),
        (b"{\"a\": 01}", 1, 8, ""),
        (b"{\"mcpServers\": {", 1, 16, "never closed"),
    ];
    for (text, line, column, says) in cases {
        let found = trouble(text);
        let shown = String::from_utf8_lossy(text);
        assert!(found.sentence.contains(says), "{shown}: {}", found.sentence);
        assert_eq!((found.line, found.column), (line, column), "{shown}: {}", found.sentence);
    }
    assert!(trouble(b"\xff\xfe{\0}\0").sentence.contains("UTF-16"));
    let deep = format!("{{\"a\": {}{}}}", "[".repeat(5000), "]".repeat(5000));
    assert!(trouble(deep.as_bytes()).sentence.contains("too deep"));
}

#[test]
fn an_entry_of_that_name_that_is_not_ours_is_left_unless_replacing_was_chosen() {
    let before = r#"{"mcpServers":{"pointsman":{"command":"other","env":{"API_KEY":"hunter2"}},"z":{"command":"q"}}}"#;
    let edit = connect(before);
    assert_eq!(edit.name, "pointsman-2");
    let shown = edit.taken.clone().expect("told");
    assert!(shown.contains("\"command\":\"other\"") && !shown.contains("hunter2"), "{shown}");
    assert!(after(&edit).contains(r#""pointsman":{"command":"other","env":{"API_KEY":"hunter2"}}"#));
    let replaced =
        plan_connect(CLAUDE, Some(before.as_bytes()), "pointsman", &entry(), ours(), Replace::Yes).expect("planned");
    assert_eq!((replaced.name.as_str(), &replaced.taken), ("pointsman", &None));
    assert!(!edit.keeps_secrets && !replaced.keeps_secrets, "nothing of theirs is in ours");
    assert!(after(&replaced).starts_with(r#"{"mcpServers":{"pointsman":{"command":"/home"#), "in its place");
    assert!(!after(&replaced).contains("hunter2"));
    let shown = diff(CLAUDE, Some(before.as_bytes()), replaced.after.as_deref(), Some(&entry()));
    let text: String = shown.iter().map(|line| format!("{}\n", line.text)).collect();
    assert!(!text.contains("hunter2") && text.contains("API_KEY"), "a stranger of our name is masked too: {text}");
    assert!(text.contains(COMMAND), "what we write is readable: {text}");
}

#[test]
fn what_we_write_is_readable_also_in_a_folder_named_like_a_key() {
    let command = "/mnt/0123456789abcdef0123456789abcdef/bin/pointsman";
    let odd =
        Entry { command: command.into(), args: vec!["mcp".into(), "--home".into(), "sk-0123456789abcdef".into()] };
    let after = format!(
        r#"{{"mcpServers":{{"pointsman":{{"command":"{command}","args":["mcp","--home","sk-0123456789abcdef"],"env":{{"A":"{command}"}}}}}}}}"#
    );
    let shown = |ours| diff(CLAUDE, None, Some(after.as_bytes()), ours).remove(0).text;
    let text = shown(Some(&odd));
    assert_eq!(text.matches(command).count(), 1, "env is hidden whatever it says: {text}");
    assert!(text.contains("sk-0123456789abcdef"), "{text}");
    assert!(!shown(None).contains("0123456789abcdef"));
}

#[test]
fn ours_is_updated_where_it_stands_and_left_alone_when_equal() {
    let moved = Entry { command: "/old/bin/pointsman".into(), args: vec!["mcp".into()] };
    let before = r#"{"mcpServers":{"mine":{"command":"/old/bin/pointsman","args":["mcp"]},"z":{"command":"q"}}}"#;
    let known = Ours { command: COMMAND, name: Some("mine"), entry: Some(&moved) };
    let edit =
        plan_connect(CLAUDE, Some(before.as_bytes()), "pointsman", &entry(), known, Replace::No).expect("planned");
    assert_eq!((edit.name.as_str(), edit.nothing_to_do), ("mine", false), "never two entries of ours");
    let text = after(&edit);
    assert!(
        text.starts_with(r#"{"mcpServers":{"mine":{"command":"/home"#) && text.ends_with(r#","z":{"command":"q"}}}"#),
        "{text}"
    );
    let again =
        plan_connect(CLAUDE, Some(text.as_bytes()), "pointsman", &entry(), ours(), Replace::No).expect("planned");
    assert!(again.nothing_to_do);
    assert_eq!(after(&again), text);
}

#[test]
fn what_the_person_added_to_our_entry_stays_when_it_is_repaired() {
    let home = "/home/anna/.local/share/pointsman";
    let file = |command: &str, args: &str| {
        format!(
            "{{\n  \"mcpServers\": {{\n    \"pm\": {{\n      \"env\": {{\"K\": \"1\"}},\n      \"command\": \"{command}\", \"args\": [{args}],\n      \"disabled\":false\n    }}\n  }}\n}}"
        )
    };
    let moved = Entry { command: "/old/bin/pointsman".into(), args: vec!["mcp".into()] };
    let known = Ours { command: COMMAND, name: Some("pointsman"), entry: Some(&moved) };
    let plan = |text: &str| {
        plan_connect(CLAUDE, Some(text.as_bytes()), "pointsman", &entry(), known, Replace::No).expect("planned")
    };
    let whole = format!(r#""mcp", "--home", "{home}", "--client", "claude-desktop""#);
    let works = [
        format!(r#"{whole}, "--project", "work""#),
        format!(r#""mcp", "--project", "work", "--client=claude-desktop", "--home", "{home}""#),
        whole.clone(),
    ];
    for args in works {
        let text = file(COMMAND, &args);
        let edit = plan(&text);
        assert!(edit.nothing_to_do && after(&edit) == text, "it works as it is: {args}");
        assert_eq!((edit.name.as_str(), edit.keeps_secrets), ("pm", true), "env may hold a key");
    }
    let bare = file(COMMAND, &whole).replace("\"K\": \"1\"", "");
    assert!(
        !plan(&bare).keeps_secrets
            && plan(&bare.replace(&whole, &format!(r#"{whole}, "--api-key", "1""#))).keeps_secrets
    );
    let project = r#""--project", "work""#;
    let repaired = [
        ("/old/bin/pointsman", format!(r#"{whole}, {project}"#), format!(r#"{whole}, {project}"#)),
        (COMMAND, format!(r#""mcp", {project}"#), format!(r#"{whole}, {project}"#)),
        (
            COMMAND,
            format!(r#""mcp", {project}, "--home", "/gone""#),
            format!(r#""mcp", "--client", "claude-desktop", {project}, "--home", "{home}""#),
        ),
        (
            COMMAND,
            format!(r#""mcp", "--home=/gone", "--client", {project}, "--home", "/x""#),
            format!(r#"{whole}, {project}"#),
        ),
        (
            COMMAND,
            format!(r#""mcp", "--home", "{home}", "--client", "claude-desktop", "--home", "{home}""#),
            whole.clone(),
        ),
    ];
    for (command, args, wanted) in repaired {
        let edit = plan(&file(command, &args));
        assert_eq!(after(&edit), file(COMMAND, &wanted), "{args}");
        assert!(!edit.nothing_to_do && plan(&after(&edit)).nothing_to_do, "once");
    }
    // Replacing is of a stranger's entry; in ours there is nothing to replace.
    let text = file(COMMAND, &format!(r#"{whole}, {project}"#));
    let edit = plan_connect(CLAUDE, Some(text.as_bytes()), "pm", &entry(), known, Replace::Yes).expect("planned");
    assert_eq!(after(&edit), text);
}

#[test]
fn taking_our_entry_out_of_a_file_that_changed_since_leaves_everything_else() {
    let before = "{\n  \"mcpServers\": {\n    \"a\": {\"command\": \"x\"}\n  }\n}\n";
    let connected = after(&connect(before));
    let changed = connected.replace("\"x\"", "\"y\"");
    let edit = plan_disconnect(CLAUDE, Some(changed.as_bytes()), ours(), Made::Entry, None).expect("planned");
    assert_eq!(after(&edit), before.replace("\"x\"", "\"y\""));
    // What we had to make goes with the entry.
    let connected = after(&connect("{\n  \"theme\": \"dark\"\n}\n")).replace("dark", "light");
    let edit = plan_disconnect(CLAUDE, Some(connected.as_bytes()), ours(), Made::Servers, None).expect("planned");
    assert_eq!(after(&edit), "{\n  \"theme\": \"light\"\n}\n");
    // An entry of our name that someone made theirs stays.
    let theirs = r#"{"mcpServers":{"pointsman":{"command":"else","args":["mcp"]}}}"#;
    let known = Ours { command: COMMAND, name: Some("pointsman"), entry: None };
    let edit = plan_disconnect(CLAUDE, Some(theirs.as_bytes()), known, Made::Entry, None).expect("planned");
    assert!(edit.nothing_to_do);
    assert_eq!(after(&edit), theirs);
}

/// A small generator: the same formattings on every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap_or(0) % sides
    }

    fn space(&mut self, newline: &str) -> String {
        let pieces = ["", "", " ", "\t", "   ", newline, newline];
        (0..self.roll(3)).map(|_| pieces[self.roll(pieces.len())]).collect()
    }

    fn value(&mut self, newline: &str, depth: usize) -> String {
        let flat =
            ["null", "true", "-1.50e+3", "\"\"", "\"a \\\"b\\\" \\u00e9 é 🚂 \\\\\"", "123456789012345678901234567890"];
        match self.roll(if depth == 0 { 1 } else { 4 }) {
            0 | 1 => flat[self.roll(flat.len())].to_owned(),
            2 => {
                let items: Vec<_> = (0..self.roll(4)).map(|_| self.value(newline, depth - 1)).collect();
                let gap = format!("{},{}", self.space(newline), self.space(newline));
                format!("[{}{}{}]", self.space(newline), items.join(&gap), self.space(newline))
            }
            _ => {
                let props: Vec<_> =
                    (0..self.roll(4)).map(|nth| (format!("k{nth}"), self.value(newline, depth - 1))).collect();
                self.object(newline, &props)
            }
        }
    }

    fn object(&mut self, newline: &str, props: &[(String, String)]) -> String {
        let mut text = format!("{{{}", self.space(newline));
        for (nth, (key, value)) in props.iter().enumerate() {
            if nth > 0 {
                text += &format!("{},{}", self.space(newline), self.space(newline));
            }
            text += &format!("\"{key}\"{}:{}{value}", self.space(newline), self.space(newline));
        }
        text + &self.space(newline) + "}"
    }

    fn file(&mut self) -> String {
        let newline = ["\n", "\r\n", "\r"][self.roll(3)];
        let mut root: Vec<_> = (0..self.roll(4)).map(|nth| (format!("root{nth}"), self.value(newline, 3))).collect();
        if self.roll(4) > 0 {
            let servers: Vec<_> = (0..self.roll(4)).map(|nth| (format!("s{nth}"), self.value(newline, 2))).collect();
            let list = self.object(newline, &servers);
            let at = self.roll(root.len() + 1);
            root.insert(at, ("mcpServers".into(), list));
        }
        let bom = if self.roll(5) == 0 { "\u{feff}" } else { "" };
        format!("{bom}{}{}{}", self.space(newline), self.object(newline, &root), self.space(newline))
    }
}

#[test]
fn apply_then_undo_is_the_identity_for_odd_formattings() {
    let mut dice = Dice(29);
    for nth in 0..4000 {
        let before = dice.file();
        let edit = connect(&before);
        let text = after(&edit);
        assert_ne!(text, before, "{nth}: our entry is there");
        let known = Ours { command: COMMAND, name: Some(&edit.name), entry: None };
        let undo = Undo { hash_after: &edit::sha256_hex(text.as_bytes()), before: Some(before.as_bytes()) };
        let exact = plan_disconnect(CLAUDE, Some(text.as_bytes()), known, edit.made, Some(undo)).expect("undone");
        assert_eq!(after(&exact), before, "{nth}: byte for byte while unchanged");

        // Changed since: the same value, and outside a list that was empty the same bytes.
        let stale = Undo { hash_after: "another", before: Some(b"never written") };
        let by_value = plan_disconnect(CLAUDE, Some(text.as_bytes()), known, edit.made, Some(stale)).expect("undone");
        let (left, right) = (json::read(before.as_bytes()), after(&by_value));
        let right = json::read(right.as_bytes()).expect("reads").expect("not empty").value;
        let left = left.expect("reads").expect("not empty");
        assert_eq!(left.value.to_string(), right.to_string(), "{nth}: {before:?}");
        let list = left.value.get("mcpServers").and_then(|list| list.as_object());
        if list.map_or(left.root.properties.len(), serde_json::Map::len) > 0 {
            assert_eq!(after(&by_value), before, "{nth}: nothing but our entry moved");
        }
    }
}

#[test]
fn a_huge_file_is_planned_and_shown_small() {
    let servers: Vec<_> =
        (0..20_000).map(|n| format!("    \"s{n}\": {{\n      \"command\": \"c{n}\"\n    }}")).collect();
    let before = format!("{{\n  \"mcpServers\": {{\n{}\n  }}\n}}\n", servers.join(",\n"));
    let edit = connect(&before);
    let shown = diff(CLAUDE, Some(before.as_bytes()), edit.after.as_deref(), Some(&entry()));
    let kinds = |kind| shown.iter().filter(|line| line.kind == kind).count();
    assert_eq!((kinds(LineKind::Add), kinds(LineKind::Del)), (4, 0));
    assert!(shown.len() < 14, "three lines around: {}", shown.len());
    assert_eq!(shown[0].kind, LineKind::Gap);
}

#[test]
fn the_diff_numbers_lines_and_hides_other_peoples_secrets() {
    let before = r#"{
  "apiToken": "t-9",
  "mcpServers": {
    "git": {
      "command": "npx",
      "args": ["-y", "git", "--api-key", "canary-arg", "--url=https://me:canary-url@host/x"],
      "env": {"GITHUB": "canary-env", "PORT": 4141},
      "headers": {"Authorization": "Bearer canary-header"}
    }
  }
}
"#;
    let edit = connect(before);
    let shown = diff(CLAUDE, Some(before.as_bytes()), edit.after.as_deref(), Some(&entry()));
    let text: String = shown.iter().map(|line| format!("{}\n", line.text)).collect();
    assert!(!text.contains("canary") && !text.contains("4141") && !text.contains("t-9"), "{text}");
    assert!(text.contains(COMMAND) && text.contains("\"claude-desktop\""), "ours is shown as it is: {text}");
    let at = |kind, part: &str| shown.iter().find(|l| l.kind == kind && l.text.contains(part)).map(|l| l.number);
    assert_eq!(at(LineKind::Del, "}"), None, "the closing line differs by a comma only where it is the last");
    assert_eq!(at(LineKind::Add, "\"pointsman\""), Some(10));
}

#[test]
fn the_excerpt_of_a_broken_file_hides_values() {
    let text = b"{\n  \"mcpServers\": {\n    \"a\": {\n      \"command\": \"npx\",\n      \"env\": { \"KEY\": \"canary-1\" },,\n      \"x\": 'canary-2', \"y\": \"canary-3\n    }\n";
    let found = trouble(text);
    assert_eq!((found.line, found.column), (5, 36));
    let (first, lines) = excerpt(text, found.line, 1);
    assert_eq!((first, lines.len()), (4, 3));
    assert_eq!(lines[0], "      \"command\": \"npx\",");
    assert!(lines[1].starts_with("      \"env\": { \"KEY\": \"•••\" },,"), "{lines:?}");
    assert!(!lines.concat().contains("canary"), "{lines:?}");
}

#[test]
fn look_tells_ours_and_the_others() {
    let text = after(&connect(r#"{"mcpServers":{"b":{"command":"x"},"a":{"url":"y"}}}"#));
    let seen = look(CLAUDE, Some(text.as_bytes()), ours()).expect("reads");
    assert_eq!(seen.others, ["b", "a"]);
    assert_eq!(seen.ours, Some(("pointsman".into(), entry())));
    assert_eq!(look(CLAUDE, None, ours()), Ok(Look::default()));
    let extended =
        text.replace(r#""claude-desktop"]"#, r#""claude-desktop","--api-key","canary-1"],"env":{"K":"canary-2"}"#);
    let shown = look(CLAUDE, Some(extended.as_bytes()), ours()).expect("reads").text.expect("ours");
    assert!(shown.starts_with(&format!(r#"{{"command":"{COMMAND}","args":["mcp","#)), "as it is written: {shown}");
    assert!(!shown.contains("canary") && shown.contains(r#""env":{"K":"•••"}"#), "what was added is masked: {shown}");
}

#[test]
fn settings_are_looked_for_where_each_system_keeps_them() {
    let env = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
        pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
    };
    let none: &[String] = &[];
    let file = "claude_desktop_config.json";
    let linux = candidates(CLAUDE, Os::Linux, &env(&[("HOME", "/home/a")]), none);
    assert_eq!(linux, [format!("/home/a/.config/Claude/{file}")]);
    let xdg = candidates(CLAUDE, Os::Linux, &env(&[("HOME", "/home/a"), ("XDG_CONFIG_HOME", "/cfg")]), none);
    assert_eq!(xdg, [format!("/cfg/Claude/{file}")]);
    let relative = candidates(CLAUDE, Os::Linux, &env(&[("HOME", "/home/a"), ("XDG_CONFIG_HOME", "cfg")]), none);
    assert_eq!(relative, linux, "a relative folder counts as not set");
    let mac = candidates(CLAUDE, Os::MacOs, &env(&[("HOME", "/Users/a")]), none);
    assert_eq!(mac, [format!("/Users/a/Library/Application Support/Claude/{file}")]);

    let windows = env(&[("APPDATA", r"C:\U\a\AppData\Roaming"), ("LOCALAPPDATA", r"C:\U\a\AppData\Local")]);
    assert_eq!(packages_folder(Os::Windows, &windows).as_deref(), Some(r"C:\U\a\AppData\Local\Packages"));
    let listing = ["Microsoft.X_1", "Claude_pzs8sxrjxfjjc", "ClaudeOther_1", "claude_old"].map(String::from);
    assert_eq!(
        candidates(CLAUDE, Os::Windows, &windows, &listing),
        [
            format!(r"C:\U\a\AppData\Local\Packages\Claude_pzs8sxrjxfjjc\LocalCache\Roaming\Claude\{file}"),
            format!(r"C:\U\a\AppData\Local\Packages\claude_old\LocalCache\Roaming\Claude\{file}"),
            format!(r"C:\U\a\AppData\Roaming\Claude\{file}"),
        ],
        "both copies, the packaged one first"
    );
}

#[test]
fn only_the_desktop_program_counts_as_running() {
    let is = |os, path| is_process(CLAUDE, os, path);
    assert!(
        is(Os::Linux, "/usr/bin/claude-desktop") && is(Os::MacOs, "/Applications/Claude.app/Contents/MacOS/Claude")
    );
    assert!(is(Os::Windows, r"C:\Users\a\AppData\Local\AnthropicClaude\app-1.2\claude.exe"));
    assert!(is(Os::Windows, r"C:\Program Files\WindowsApps\Claude_1.0_x64__pzs8\app\Claude.exe"));
    assert!(!is(Os::Linux, "/usr/bin/claude") && !is(Os::MacOs, "/usr/local/bin/claude"), "the command line tool");
    assert!(!is(Os::Windows, r"C:\Users\a\.local\bin\claude.exe"), "the command line tool");
    assert!(!is(Os::Linux, "/home/a/.local/share/pointsman/bin/pointsman"));
}

#[test]
fn an_edit_that_would_do_more_than_was_wanted_is_refused() {
    let doc = json::read(b"{\"a\": 1, \"b\": 2}").expect("reads").expect("not empty");
    let splice = |start, end, with: &str| json::Splice { start, end, with: with.into() };
    let wanted = serde_json::json!({"a": 1, "b": 3});
    assert!(edit::checked(&doc, &splice(14, 15, "3"), &wanted).is_ok());
    for (what, wrong) in [
        ("another value", splice(14, 15, "4")),
        ("a lost name", splice(7, 15, "")),
        ("another order", splice(1, 15, "\"b\": 3, \"a\": 1")),
        ("no JSON any more", splice(14, 16, "3")),
    ] {
        assert!(edit::checked(&doc, &wrong, &wanted).is_err(), "{what}");
    }
}
