//! How our entry stands in each client: the Clients page, its lines and problems on Overview, and the
//! watch that notices an entry that was wiped. Green only by a hello of the client itself.

use jiff::Timestamp;
use pointsman_core::clients::{self as plans, CLIENTS, Client, Look};
use pointsman_core::code::Denial;
use pointsman_core::money::MicroUsd;
use rusqlite::{Connection, params};

use super::place::{self, Environment, Located, Place};
use super::{off_thread, process, write};
use crate::Gateway;
use crate::ledger::{LedgerError, client as entries, instance, setting};
use crate::view::{
    Action, ActionKind, ClientCard, ClientLine, ClientState, ClientsPage, FileError, Lamp, Money, ProblemRow,
};

/// Lines shown on each side of the place that cannot be read.
const AROUND: u32 = 2;

/// A client as its files and the ledger say.
pub(super) struct Standing {
    client: &'static Client,
    state: ClientState,
    located: Located,
    look: Look,
    error: Option<FileError>,
    hello_ms: Option<i64>,
    calls: Calls,
    /// The file the state is about.
    at: Option<Place>,
}

/// What a client's calls came to.
#[derive(Clone, Copy, Debug, Default)]
struct Calls {
    last_ms: Option<i64>,
    today: u32,
    charged: i64,
}

impl Gateway {
    /// The Clients page.
    ///
    /// # Errors
    /// Where the ledger cannot be read.
    pub async fn clients_page(&self) -> Result<ClientsPage, Denial> {
        self.page_in(&Environment::of_this_process()).await
    }

    /// The clients in one line each, those not installed left out, and what is wrong with them: one look at
    /// their files for both.
    pub(crate) async fn clients_seen(&self) -> (Vec<ClientLine>, Vec<ProblemRow>) {
        let environment = Environment::of_this_process();
        let standings = self.standings(&environment).await.unwrap_or_default();
        let problems = standings.iter().filter_map(|standing| problem(&environment, standing)).collect();
        let installed = standings.into_iter().filter(|standing| standing.state != ClientState::NotInstalled);
        let lines = installed.map(|standing| ClientLine {
            id: standing.client.id.into(),
            title: standing.client.title.into(),
            state: standing.state,
            last_call_ms: standing.calls.last_ms,
        });
        (lines.collect(), problems)
    }

    /// Compares every file that has our entry with what we wrote, so that a wiped entry is noticed. The
    /// app calls it each minute and when its window gets the focus.
    ///
    /// # Errors
    /// Where the ledger cannot be used.
    pub async fn clients_watch_tick(&self) -> Result<(), Denial> {
        self.watch_in(&Environment::of_this_process()).await
    }

    pub(super) async fn watch_in(&self, environment: &Environment) -> Result<(), Denial> {
        for client in CLIENTS {
            let base = self.base(environment, client).await?;
            let records = self.records(client).await?;
            for place in base.located.places.clone() {
                let Some(row) = records.get(&place.key()) else { continue };
                let key = place.key();
                let trouble = trouble(self.standing_at(&base, Some(row), place).state);
                if row.trouble != trouble {
                    self.inner().ledger.write(move |tx| entries::set_trouble(tx, client.id, &key, trouble)).await?;
                }
            }
        }
        Ok(())
    }

    pub(super) async fn page_in(&self, environment: &Environment) -> Result<ClientsPage, Denial> {
        let mut clients = Vec::new();
        for standing in self.standings(environment).await? {
            let client = standing.client;
            let running = off_thread(move || process::find(client)).await?.is_some();
            let backups = write::backups(&self.backups(client)).len();
            let shown = |path: &std::path::Path| environment.shown(path);
            let paths: Vec<_> = standing.located.places.iter().map(|place| shown(&place.path)).collect();
            clients.push(ClientCard {
                id: client.id.into(),
                title: client.title.into(),
                state: standing.state,
                path: paths.first().cloned().unwrap_or_default(),
                paths,
                running,
                last_call_ms: standing.calls.last_ms,
                hello_ms: standing.hello_ms,
                today: Money::row(MicroUsd::from_micros(standing.calls.charged)),
                calls_today: standing.calls.today,
                backups: u32::try_from(backups).unwrap_or(u32::MAX),
                entry: standing.look.text,
                others: standing.look.others,
                error: standing.error,
                looked_in: standing.located.looked_in.iter().map(|path| shown(path)).collect(),
            });
        }
        Ok(ClientsPage { clients })
    }

    async fn standings(&self, environment: &Environment) -> Result<Vec<Standing>, Denial> {
        let mut all = Vec::new();
        for client in CLIENTS {
            all.push(self.standing(environment, client).await?);
        }
        Ok(all)
    }

    /// The worst of a client's files decides.
    pub(super) async fn standing(
        &self,
        environment: &Environment,
        client: &'static Client,
    ) -> Result<Standing, Denial> {
        let base = self.base(environment, client).await?;
        let records = self.records(client).await?;
        let mut worst: Option<Standing> = None;
        for place in base.located.places.clone() {
            let seen = self.standing_at(&base, records.get(&place.key()), place);
            if worst.as_ref().is_none_or(|worst| badness(seen.state) > badness(worst.state)) {
                worst = Some(seen);
            }
        }
        Ok(worst.unwrap_or(base))
    }

    /// What holds for a client whatever its files say.
    async fn base(&self, environment: &Environment, client: &'static Client) -> Result<Standing, Denial> {
        let located = place::locate(client, environment);
        let records = self.records(client).await?;
        let home = self.inner().home.path().to_string_lossy().into_owned();
        let since = records.values().map(|row| row.written_ms).max().unwrap_or(0);
        let (hello_ms, calls) = self
            .inner()
            .ledger
            .read(move |c| Ok((instance::last_hello(c, client.id, &home, since)?, calls(c, client.id)?)))
            .await?;
        Ok(Standing {
            client,
            state: ClientState::NotInstalled,
            look: Look::default(),
            error: None,
            hello_ms,
            calls,
            at: None,
            located,
        })
    }

    fn standing_at(&self, base: &Standing, record: Option<&entries::Row>, place: Place) -> Standing {
        let text = place.read();
        let (bytes, look) = match text {
            Ok(bytes) => {
                let look = self.look_at(base.client, record, bytes.as_deref()).map_err(|trouble| FileError {
                    line: trouble.line,
                    column: trouble.column,
                    sentence: trouble.sentence,
                    first_line: 0,
                    lines: Vec::new(),
                });
                (bytes, look)
            }
            Err(error) => {
                let sentence = format!("The file cannot be opened: {error}.");
                (None, Err(FileError { line: 0, column: 0, sentence, first_line: 0, lines: Vec::new() }))
            }
        };
        let state = match &look {
            Err(_) => ClientState::Unreadable,
            Ok(look) => match (record, &look.ours) {
                (_, Some((_, entry))) if !self.entry(base.client).is_ok_and(|wanted| entry.starts(&wanted)) => {
                    ClientState::Drifted
                }
                (_, Some(_)) if base.hello_ms.is_some() => ClientState::Connected,
                (_, Some(_)) => ClientState::Waiting,
                (Some(_), None) => ClientState::Drifted,
                (None, None) if place.is_read_only() => ClientState::ReadOnly,
                (None, None) => ClientState::NotConnected,
            },
        };
        let error = look.as_ref().err().cloned().map(|error| {
            let (first_line, lines) = plans::excerpt(bytes.as_deref().unwrap_or_default(), error.line, AROUND);
            FileError { first_line, lines, ..error }
        });
        Standing {
            client: base.client,
            state,
            look: look.unwrap_or_default(),
            error,
            hello_ms: base.hello_ms,
            calls: base.calls,
            at: Some(place),
            located: base.located.clone(),
        }
    }
}

/// The word the ledger keeps for what the watch found.
const fn trouble(state: ClientState) -> &'static str {
    match state {
        ClientState::Drifted => "drifted",
        ClientState::Unreadable => "unreadable",
        ClientState::Connected
        | ClientState::Waiting
        | ClientState::NotConnected
        | ClientState::ReadOnly
        | ClientState::NotInstalled => "",
    }
}

const fn badness(state: ClientState) -> u8 {
    match state {
        ClientState::NotInstalled => 0,
        ClientState::Connected => 1,
        ClientState::Waiting => 2,
        ClientState::NotConnected => 3,
        ClientState::ReadOnly => 4,
        ClientState::Drifted => 5,
        ClientState::Unreadable => 6,
    }
}

pub(super) fn problem(environment: &Environment, standing: &Standing) -> Option<ProblemRow> {
    let title = standing.client.title;
    let path = standing.at.as_ref().map(|place| environment.shown(&place.path)).unwrap_or_default();
    let (lamp, what, detail, label) = match standing.state {
        ClientState::Drifted if standing.look.ours.is_some() => (
            Lamp::Caution,
            format!("Our entry in {title} was changed"),
            format!("It no longer starts this Pointsman. Repair mends it and keeps what was added. File: {path}"),
            "Repair",
        ),
        ClientState::Drifted => (
            Lamp::Caution,
            format!("Our entry in {title} is gone"),
            format!("{} offers no models of Pointsman until it is back. File: {path}", standing.client.short),
            "Repair",
        ),
        ClientState::Unreadable => (
            Lamp::Stop,
            format!("{title}'s settings cannot be read"),
            format!(
                "{} We did not change the file. File: {path}",
                standing.error.as_ref().map_or("", |error| &error.sentence)
            ),
            "Look at it",
        ),
        ClientState::Connected
        | ClientState::Waiting
        | ClientState::NotConnected
        | ClientState::ReadOnly
        | ClientState::NotInstalled => return None,
    };
    let action = Action { kind: ActionKind::OpenClients, label: label.into(), target: Some(standing.client.id.into()) };
    Some(ProblemRow { id: format!("client:{}", standing.client.id), lamp, title: what, detail, action: Some(action) })
}

/// A client's calls, today in this desktop's zone.
fn calls(connection: &Connection, client: &str) -> Result<Calls, LedgerError> {
    let now = Timestamp::now().to_zoned(setting::zone(connection)?);
    let midnight = now.start_of_day().map_or(0, |start| start.timestamp().as_millisecond());
    Ok(connection
        .prepare_cached(
            "SELECT max(started_ms), count(*) FILTER (WHERE started_ms >= ?2),
                coalesce(sum(charged_micro) FILTER (WHERE started_ms >= ?2), 0) FROM request WHERE client = ?1",
        )?
        .query_row(params![client, midnight], |row| {
            Ok(Calls { last_ms: row.get(0)?, today: row.get(1)?, charged: row.get(2)? })
        })?)
}
