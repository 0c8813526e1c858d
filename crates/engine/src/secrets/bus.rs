//! Where the session bus is, and with it the keychain. A stdio server is often started with HOME,
//! PATH and USER only, so the environment is the first place to look, not the only one.

use std::path::Path;

use futures_util::FutureExt as _;
use zbus::blocking::Connection;
use zbus::blocking::connection::Builder;

use super::ANSWER;

/// One place to look.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Candidate {
    pub(super) address: String,
    /// Named by something other than this process's environment: the other end must then run as the
    /// owner of the home, or somebody else could answer for the keychain.
    pub(super) check_owner: bool,
}

/// What the environment says about the bus.
#[derive(Clone, Debug, Default)]
pub(super) struct Environment {
    pub(super) address: Option<String>,
    pub(super) runtime_dir: Option<String>,
}

impl Environment {
    /// Of this process.
    pub(super) fn of_this_process() -> Self {
        let set = |name| std::env::var(name).ok().filter(|value| !value.is_empty());
        Self { address: set("DBUS_SESSION_BUS_ADDRESS"), runtime_dir: set("XDG_RUNTIME_DIR") }
    }
}

/// Where to look, in order: the environment's address, the one the home remembers, the places where a
/// bus is by convention. `disabled:` in the environment, as some sandboxes set it, means nowhere.
pub(super) fn candidates(environment: &Environment, remembered: Option<&str>, owner: Option<u32>) -> Vec<Candidate> {
    if environment.address.as_deref() == Some("disabled:") {
        return Vec::new();
    }
    let socket = |folder: &str| format!("unix:path={}", Path::new(folder).join("bus").display());
    let mut all: Vec<Candidate> = Vec::new();
    let mut add = |address: Option<String>, check_owner| {
        if let Some(address) = address.filter(|new| all.iter().all(|known| known.address != *new)) {
            all.push(Candidate { address, check_owner });
        }
    };
    add(environment.address.clone(), false);
    // Only local sockets: what a file says must not make us speak to another machine.
    add(remembered.filter(|address| address.starts_with("unix:")).map(str::to_owned), true);
    add(owner.map(|uid| socket(&format!("/run/user/{uid}"))), true);
    add(environment.runtime_dir.as_deref().map(socket), true);
    all
}

/// Connects to one bus.
///
/// # Errors
/// Why not, for the log.
pub(super) fn open(candidate: &Candidate, owner: Option<u32>) -> Result<Connection, String> {
    let builder = Builder::address(candidate.address.as_str()).map_err(|error| error.to_string())?;
    let connection = builder.method_timeout(ANSWER).build().map_err(|error| error.to_string())?;
    if candidate.check_owner {
        let peer = peer(&connection)?;
        if owner.is_none() || peer != owner {
            return Err(format!("it belongs to user {peer:?}, this home to {owner:?}"));
        }
    }
    Ok(connection)
}

/// The user at the other end of the socket, from the kernel.
fn peer(connection: &Connection) -> Result<Option<u32>, String> {
    // It blocks inside and is ready at once, although it is an async function.
    match connection.peer_creds().now_or_never() {
        Some(Ok(credentials)) => Ok(credentials.unix_user_id()),
        Some(Err(error)) => Err(error.to_string()),
        None => Err("no credentials".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(address: Option<&str>, runtime_dir: Option<&str>, remembered: Option<&str>) -> Vec<String> {
        let environment =
            Environment { address: address.map(str::to_owned), runtime_dir: runtime_dir.map(str::to_owned) };
        candidates(&environment, remembered, Some(1000)).into_iter().map(|one| one.address).collect()
    }

    #[test]
    fn a_bare_environment_still_has_places_to_look() {
        assert_eq!(
            addresses(None, None, Some("unix:path=/tmp/bus")),
            ["unix:path=/tmp/bus", "unix:path=/run/user/1000/bus"]
        );
        assert_eq!(
            addresses(Some("unix:abstract=/a"), Some("/tmp/xdg"), Some("unix:abstract=/a")),
            ["unix:abstract=/a", "unix:path=/run/user/1000/bus", "unix:path=/tmp/xdg/bus"]
        );
    }

    #[test]
    fn a_file_cannot_send_us_to_another_machine_and_disabled_means_nowhere() {
        assert_eq!(addresses(None, None, Some("tcp:host=evil.example,port=1")), ["unix:path=/run/user/1000/bus"]);
        assert!(addresses(Some("disabled:"), Some("/tmp/xdg"), Some("unix:path=/tmp/bus")).is_empty());
    }

    #[test]
    fn only_the_environment_is_believed_without_a_look_at_the_owner() {
        let environment = Environment { address: Some("unix:path=/e".into()), runtime_dir: Some("/r".into()) };
        let all = candidates(&environment, Some("unix:path=/h"), Some(0));
        let unchecked: Vec<_> = all.iter().filter(|one| !one.check_owner).map(|one| one.address.as_str()).collect();
        assert_eq!(unchecked, ["unix:path=/e"]);
    }
}
