//! Why a client's files are not planned for or not written, as sentences with a way out. In each case
//! the file is as it was.

use pointsman_core::clients::{Client, FileTrouble};
use pointsman_core::code::{Code, Denial};

use super::place::{Environment, Located, Place};
use super::write::NotWritten;

pub(super) fn not_installed(client: &Client, environment: &Environment, located: &Located) -> Denial {
    let looked = located.looked_in.iter().map(|path| environment.shown(path)).collect::<Vec<_>>().join(", ");
    Denial::new(
        Code::NotFound,
        format!("{} was not found. Looked in: {looked}. Start it once, then try again.", client.title),
    )
}

pub(super) fn unreadable(environment: &Environment, place: &Place, trouble: &FileTrouble) -> Denial {
    let path = environment.shown(&place.path);
    Denial::new(Code::InvalidRequest, format!("{path} cannot be read. {} The file was not changed.", trouble.sentence))
}

pub(super) fn moved(client: &Client) -> Denial {
    let sentence =
        format!("{}'s settings changed since this was shown. Nothing was written; look at it again.", client.title);
    Denial::new(Code::InvalidRequest, sentence)
}

pub(super) fn not_written(client: &Client, environment: &Environment, place: &Place, why: NotWritten) -> Denial {
    let path = environment.shown(&place.path);
    match why {
        NotWritten::Changed => moved(client),
        NotWritten::ReadOnly => Denial::new(
            Code::InvalidRequest,
            format!(
                "{path} may not be written: it or its folder is read-only. Nothing was changed; copy the entry by hand or allow writing."
            ),
        ),
        NotWritten::Busy => {
            Denial::new(Code::InvalidRequest, "Another window of Pointsman is writing this file. Try again.")
        }
        NotWritten::System(error) => {
            Denial::new(Code::Internal, format!("{path} was not written: {error}. It is as it was."))
        }
    }
}
