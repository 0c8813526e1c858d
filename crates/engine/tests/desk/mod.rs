//! A home with a policy as a person would write it, for the tests of the Policy page.
#![allow(dead_code, unreachable_pub)]

use std::path::PathBuf;

use pointsman_engine::{Caller, Gateway, Home, Surface};
use pointsman_practice::{Options, Practice};

/// Five classes, caps and a practice server on this machine, with comments.
pub const FILE: &str = include_str!("routing.yaml");

pub struct Desk {
    _folder: tempfile::TempDir,
    pub server: Practice,
    pub gateway: Gateway,
}

/// The app on a home whose routing.yaml is [`FILE`].
pub async fn desk() -> Desk {
    let desk = bare().await;
    desk.another_program_writes(&desk.file());
    desk.gateway.policy_page().await.unwrap();
    desk
}

/// The app on a home without a file.
pub async fn bare() -> Desk {
    let folder = tempfile::tempdir().unwrap();
    let server = Practice::start(Options::default()).await.unwrap();
    let home = Home::at(Some(folder.path().join("home"))).unwrap();
    let gateway = Gateway::open(home, Caller::app()).unwrap();
    Desk { _folder: folder, server, gateway }
}

impl Desk {
    /// [`FILE`] with the address of the practice server.
    pub fn file(&self) -> String {
        FILE.replace("{base_url}", &self.server.base_url())
    }

    pub fn path(&self) -> PathBuf {
        self.gateway.home().policy_path()
    }

    pub fn on_disk(&self) -> String {
        std::fs::read_to_string(self.path()).unwrap()
    }

    /// Written by another program some time ago, so that nobody waits for it to settle.
    pub fn another_program_writes(&self, text: &str) {
        let new = self.path().with_extension("new");
        std::fs::write(&new, text).unwrap();
        let file = std::fs::File::options().write(true).open(&new).unwrap();
        file.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(60)).unwrap();
        std::fs::rename(&new, self.path()).unwrap();
    }

    /// The same home in another process, as far as memory goes.
    pub fn again(&self, surface: Surface) -> Gateway {
        Gateway::open(self.gateway.home().clone(), Caller { surface, ..Caller::app() }).unwrap()
    }

    /// What of this run does not belong into a fixture, and what stands for it.
    pub fn swaps(&self) -> Vec<(String, &'static str)> {
        let home = self.gateway.home().path().display().to_string();
        vec![(home, "/home/ada/.local/share/pointsman"), (self.server.base_url(), "http://127.0.0.1:11434/v1")]
    }
}
