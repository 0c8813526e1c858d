//! Claude Desktop as far as the walk needs it: its settings file with other servers and the odd
//! formatting people's files have, and a real MCP client that starts what is written there the way
//! Claude does, from a bare environment.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use serde_json::{Value, json};

use super::screen::Screen;

/// Tabs beside blanks, a blank line, things on one line, an escape, no line end at the end.
const SETTINGS: &str = "{\n\t\"globalShortcut\": \"Ctrl+Space\",\n  \"mcpServers\" : {\n\n\
    \x20     \"files\": { \"command\": \"npx\", \"args\": [\"-y\", \"server-files\", \"/home/w\\u00e4lker\"] },\n\
    \t\"weather\": {\"command\":\"/opt/weather\",   \"env\": {\"WEATHER_TOKEN\": \"not-ours-9f3\"}}\n   },\n\n\
    \x20 \"preferences\": {\"theme\" :\"system\",\n\"sizes\":[1,2,\n3]}}";

/// Writes the settings file and says where it is.
pub(crate) fn settings(home: &Path) -> PathBuf {
    let folder = home.join(".config/Claude");
    fs::create_dir_all(&folder).unwrap();
    let file = folder.join("claude_desktop_config.json");
    fs::write(&file, SETTINGS).unwrap();
    file
}

/// Our entry as it is written in the file.
pub(crate) fn our_entry(file: &Path) -> Value {
    let all: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(all["mcpServers"].as_object().map(|all| all.len()), Some(3), "two of others and ours: {all}");
    all["mcpServers"]["pointsman"].clone()
}

/// A connected client.
pub(crate) struct Claude {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: BufReader<ChildStdout>,
}

impl Claude {
    /// Starts the entry's command from `env -i HOME PATH USER`, shakes hands and lists the tools.
    pub(crate) fn start(screen: &Screen, entry: &Value) -> Self {
        assert_eq!(entry.get("env").filter(|env| **env != json!({})), None, "no variable is written into the file");
        let how = json!({"command": entry["command"], "args": entry["args"], "name": "claude-ai"}).to_string();
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/npm/walk.mjs");
        assert!(
            script.with_file_name("node_modules").exists(),
            "The MCP client is not installed. Run: cd tests/npm && npm ci"
        );
        let path = std::env::var("PATH").unwrap_or_default();
        let mut child = Command::new("env")
            .args(["-i", &format!("HOME={}", screen.home().display()), &format!("PATH={path}"), "USER=walker", "node"])
            .arg(script)
            .arg(how)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(fs::File::create(screen.log("claude")).unwrap())
            .spawn()
            .unwrap();
        let (stdin, stdout) = (child.stdin.take(), BufReader::new(child.stdout.take().unwrap()));
        let mut claude = Self { child, stdin, stdout };
        let hello = claude.read(screen.log("claude").as_path());
        let tools = hello["tools"].as_array().unwrap_or_else(|| panic!("no tools in {hello}"));
        assert!(tools.contains(&json!("llm_route")), "{hello}");
        claude
    }

    /// Makes a call and gives its result.
    pub(crate) fn call(&mut self, call: &Value) -> Value {
        self.send(call);
        self.answer()
    }

    /// Makes a call and does not wait for its result.
    pub(crate) fn send(&mut self, call: &Value) {
        let stdin = self.stdin.as_mut().expect("still connected");
        writeln!(stdin, "{call}").unwrap();
        stdin.flush().unwrap();
    }

    /// Waits for the result of the oldest call that was sent.
    pub(crate) fn answer(&mut self) -> Value {
        self.read(Path::new("the log"))
    }

    /// Ends as Claude does when it quits; the server ends with it.
    pub(crate) fn leave(&mut self) {
        self.stdin = None;
        assert!(self.child.wait().unwrap().success(), "the client ended in order");
    }

    fn read(&mut self, log: &Path) -> Value {
        let mut line = String::new();
        self.stdout.read_line(&mut line).unwrap();
        let said = || fs::read_to_string(log).unwrap_or_default();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}: {}", said()))
    }
}

impl Drop for Claude {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}
