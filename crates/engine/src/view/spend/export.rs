//! The filtered ledger as a file: CSV for a spreadsheet, JSON for a program. Never a key, a prompt or an
//! answer: the ledger has none. The file is its owner's only, and whole or not there.

use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use jiff::tz::TimeZone;
use pointsman_core::code::{Code, Denial};
use pointsman_core::csv::{self, Cell};
use pointsman_core::money::MicroUsd;
use serde::{Deserialize, Serialize};
use serde_json::json;
use ts_rs::TS;

use super::Money;
use super::ledger::{Chosen, Cursor, LedgerFilter, LedgerRow, SettledBy, rows};
use crate::Gateway;
use crate::ledger::setting;
use crate::reply::usd;

/// Rows that are read at once.
const AT_ONCE: u32 = 1_000;

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(rename_all = "snake_case")]
pub enum ExportFormat {
    /// One line for each row, for a spreadsheet.
    Csv,
    /// A list of objects.
    Json,
}

impl ExportFormat {
    /// The ending of a file's name.
    pub const fn ending(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
        }
    }
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exported {
    /// How many rows.
    pub rows: u32,
    /// What they were charged.
    pub charged: Money,
    /// The first day.
    pub from: String,
    /// The last day.
    pub to: String,
}

impl Gateway {
    /// A name for the file of a filter: `pointsman-ledger-2026-11-01-to-2026-11-30.csv`.
    ///
    /// # Errors
    /// Where the period is none.
    pub async fn ledger_file_name(&self, filter: &LedgerFilter, format: ExportFormat) -> Result<String, Denial> {
        let days = self.chosen(filter.clone(), Timestamp::now()).await?.days;
        Ok(format!("pointsman-ledger-{}-to-{}.{}", days.from, days.to, format.ending()))
    }

    /// Writes the rows that fit to a file, newest first; one of this name is replaced. Readable by its owner only.
    ///
    /// # Errors
    /// Where the ledger cannot be read or the file cannot be written; then no file is left.
    pub async fn ledger_export(
        &self,
        filter: LedgerFilter,
        format: ExportFormat,
        path: &Path,
    ) -> Result<Exported, Denial> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let trouble = |error: &std::io::Error| {
            let shown = path.display();
            Denial::new(Code::Internal, format!("{shown} was not written: {error}. Choose another place."))
        };
        // Readable by its owner only from its first byte; a kill leaves no half of it under its name.
        let mut file = tempfile::Builder::new().prefix(".pointsman-").tempfile_in(folder).map_err(|e| trouble(&e))?;
        let done = self.ledger_written(filter, format, &mut file).await?.map_err(|error| trouble(&error))?;
        file.as_file().sync_all().map_err(|error| trouble(&error))?;
        file.persist(path).map_err(|error| trouble(&error.error))?;
        Ok(done)
    }

    /// The same to any writer, for a terminal.
    ///
    /// # Errors
    /// Where the ledger cannot be read; inside, where the writer failed.
    pub async fn ledger_written(
        &self,
        filter: LedgerFilter,
        format: ExportFormat,
        to: &mut (impl Write + Send),
    ) -> Result<std::io::Result<Exported>, Denial> {
        let zone = self.inner().ledger.read(setting::zone).await?;
        let chosen = self.chosen(filter, Timestamp::now()).await?;
        let mut sheet = Sheet { format, zone, rows: 0, charged: MicroUsd::ZERO };
        let mut after = None;
        if let Err(error) = to.write_all(sheet.head().as_bytes()) {
            return Ok(Err(error));
        }
        loop {
            let (page, next) = self.rows_after(&chosen, after).await?;
            if let Err(error) = page.iter().try_for_each(|row| to.write_all(sheet.line(row).as_bytes())) {
                return Ok(Err(error));
            }
            match next {
                Some(next) => after = Some(next),
                None => break,
            }
        }
        let (from, to_day) = (chosen.days.from.to_string(), chosen.days.to.to_string());
        let done = Exported { rows: sheet.rows, charged: Money::total(sheet.charged), from, to: to_day };
        Ok(to.write_all(sheet.foot().as_bytes()).map(|()| done))
    }

    async fn rows_after(
        &self,
        chosen: &Chosen,
        after: Option<Cursor>,
    ) -> Result<(Vec<LedgerRow>, Option<Cursor>), Denial> {
        let chosen = chosen.clone();
        Ok(self.inner().ledger.read(move |c| rows(c, &chosen, after, AT_ONCE)).await?)
    }
}

/// The columns of a CSV file, in their order; JSON has the same names.
const COLUMNS: [&str; 19] = [
    "time",
    "request",
    "attempt",
    "client",
    "project",
    "class",
    "provider",
    "model",
    "input_tokens",
    "cached_tokens",
    "output_tokens",
    "reasoning_tokens",
    "held_usd",
    "charged_usd",
    "adjusted_usd",
    "charge",
    "over_hold",
    "price_source",
    "failure",
];

struct Sheet {
    format: ExportFormat,
    zone: TimeZone,
    rows: u32,
    charged: MicroUsd,
}

impl Sheet {
    fn head(&self) -> String {
        match self.format {
            ExportFormat::Csv => csv::row(&COLUMNS.map(Cell::Made)),
            ExportFormat::Json => "[".to_owned(),
        }
    }

    fn foot(&self) -> String {
        match self.format {
            ExportFormat::Csv => String::new(),
            ExportFormat::Json => "\n]\n".to_owned(),
        }
    }

    fn line(&mut self, row: &LedgerRow) -> String {
        let first = self.rows == 0;
        self.rows += 1;
        self.charged = self.charged.plus(row.charged.as_ref().map_or(MicroUsd::ZERO, amount));
        match self.format {
            ExportFormat::Csv => self.csv(row),
            ExportFormat::Json => format!("{}\n  {}", if first { "" } else { "," }, self.json(row)),
        }
    }

    fn time(&self, row: &LedgerRow) -> String {
        let at = Timestamp::from_millisecond(row.at_ms).unwrap_or_default().to_zoned(self.zone.clone());
        at.strftime("%Y-%m-%dT%H:%M:%S%:z").to_string()
    }

    fn csv(&self, row: &LedgerRow) -> String {
        let count = |count: Option<u64>| count.map_or_else(String::new, |count| count.to_string());
        let dollars = |money: Option<&Money>| money.map_or_else(String::new, |money| amount(money).decimal());
        let (time, nth) = (self.time(row), row.nth.to_string());
        let tokens = [row.input, row.cached, row.output, row.reasoning].map(count);
        let money = [Some(&row.held), row.charged.as_ref(), row.adjusted.as_ref()].map(dollars);
        let mut cells = vec![Cell::Made(&time), Cell::Text(&row.request), Cell::Made(&nth)];
        cells.extend([&row.client, &row.project, &row.class, &row.provider, &row.model].map(|text| Cell::Text(text)));
        cells.extend(tokens.iter().chain(&money).map(|made| Cell::Made(made)));
        let over_hold = if row.over_hold { "true" } else { "false" };
        cells.extend([Cell::Made(charge(row)), Cell::Made(over_hold), Cell::Text(&row.price_source)]);
        cells.push(Cell::Text(row.failure.as_deref().unwrap_or_default()));
        csv::row(&cells)
    }

    fn json(&self, row: &LedgerRow) -> String {
        let dollars = |money: &Money| usd(amount(money));
        json!({
            "time": self.time(row), "request": row.request, "attempt": row.nth, "client": row.client,
            "project": row.project, "class": row.class, "provider": row.provider, "model": row.model,
            "input_tokens": row.input, "cached_tokens": row.cached, "output_tokens": row.output,
            "reasoning_tokens": row.reasoning, "held_usd": dollars(&row.held),
            "charged_usd": row.charged.as_ref().map(dollars), "adjusted_usd": row.adjusted.as_ref().map(dollars),
            "charge": charge(row), "over_hold": row.over_hold, "price_source": row.price_source, "failure": row.failure,
        })
        .to_string()
    }
}

fn amount(money: &Money) -> MicroUsd {
    MicroUsd::from_micros(money.micros)
}

const fn charge(row: &LedgerRow) -> &'static str {
    match row.settled_by {
        SettledBy::Running => "running",
        SettledBy::Measured => "measured",
        SettledBy::Reported => "reported",
        SettledBy::Assumed => "assumed",
        SettledBy::Free => "none",
    }
}
