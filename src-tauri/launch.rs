//! How the app was started: its few arguments, and what must be so before GTK is.

use std::path::PathBuf;

/// What the command line asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Launch {
    /// `--home DIR`.
    pub(crate) home: Option<PathBuf>,
    /// `--hidden`: only the tray; no web view is made until it is opened.
    pub(crate) hidden: bool,
    /// `--practice-approval`: the approval window with a question that nobody waits for. Only a practice
    /// home shows it.
    pub(crate) practice_approval: bool,
}

/// What `--help` says.
const USAGE: &str = "pointsman-app [--hidden | --show] [--home DIR] [--practice-approval]

  --hidden    start in the tray only, with no window
  --show      show the window (the default)
  --home DIR  use this folder instead of the default one

  --practice-approval  show the approval window with a question that nobody waits for; in a practice home only
";

impl Launch {
    /// Reads the arguments after the program's name.
    ///
    /// # Errors
    /// What to print instead of starting, and whether that is a mistake.
    pub(crate) fn read(arguments: impl IntoIterator<Item = std::ffi::OsString>) -> Result<Self, (String, bool)> {
        let mut launch = Self::default();
        let mut arguments = arguments.into_iter();
        while let Some(argument) = arguments.next() {
            match argument.to_str() {
                Some("--hidden") => launch.hidden = true,
                Some("--show") => launch.hidden = false,
                Some("--practice-approval") => launch.practice_approval = true,
                Some("--home") => match arguments.next() {
                    Some(folder) if !folder.is_empty() => launch.home = Some(folder.into()),
                    _ => return Err((format!("--home needs a folder.\n\n{USAGE}"), true)),
                },
                Some("--help" | "-h") => return Err((USAGE.to_owned(), false)),
                _ => {
                    return Err((
                        format!("pointsman-app does not know {}.\n\n{USAGE}", argument.to_string_lossy()),
                        true,
                    ));
                }
            }
        }
        Ok(launch)
    }
}

/// Some Linux machines show a blank window with the newer way to hand pixels over, and the variable
/// that turns it off is read once, by GTK's threads. Setting a variable of a running process is not
/// safe, so the app starts itself again in its own place, once. Where that fails it goes on as it is.
#[cfg(target_os = "linux")]
pub(crate) fn with_plain_graphics() {
    const NAME: &str = "WEBKIT_DISABLE_DMABUF_RENDERER";
    if std::env::var_os(NAME).is_none() {
        let error = again(&[(NAME, "1")], &[]);
        tracing::warn!("could not start again with {NAME}=1: {error}");
    }
}

/// Elsewhere there is nothing to set.
#[cfg(not(target_os = "linux"))]
pub(crate) fn with_plain_graphics() {}

/// Starts this program again in the place of this process, with its arguments and these variables and
/// arguments besides. Comes back only where that failed.
#[cfg(target_os = "linux")]
pub(crate) fn again(variables: &[(&str, &str)], more: &[&str]) -> std::io::Error {
    use std::os::unix::process::CommandExt;
    let own = match std::env::current_exe() {
        Ok(own) => own,
        Err(error) => return error,
    };
    let mut same = std::process::Command::new(own);
    same.args(std::env::args_os().skip(1)).args(more).envs(variables.iter().copied()).exec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(arguments: &[&str]) -> Result<Launch, (String, bool)> {
        Launch::read(arguments.iter().map(std::ffi::OsString::from))
    }

    #[test]
    fn the_few_arguments_are_read() {
        assert_eq!(read(&[]), Ok(Launch::default()));
        assert_eq!(
            read(&["--hidden", "--home", "/x"]),
            Ok(Launch { home: Some("/x".into()), hidden: true, practice_approval: false })
        );
        assert_eq!(read(&["--hidden", "--show"]), Ok(Launch::default()));
        assert_eq!(read(&["--practice-approval"]), Ok(Launch { practice_approval: true, ..Launch::default() }));
    }

    #[test]
    fn a_mistake_is_named_and_help_is_none() {
        let (text, mistake) = read(&["--hiden"]).expect_err("unknown");
        assert!(mistake && text.contains("--hiden") && text.contains("--hidden"), "{text}");
        assert!(read(&["--home"]).is_err_and(|(text, mistake)| mistake && text.contains("needs a folder")));
        assert!(read(&["--help"]).is_err_and(|(_, mistake)| !mistake));
    }
}
