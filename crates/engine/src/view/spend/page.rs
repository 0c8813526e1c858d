//! The page put together: one look at the policy, one at the ledger.

use std::collections::BTreeMap;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use pointsman_core::budget::{Cap, Raise, Window};
use pointsman_core::code::Denial;
use pointsman_core::forecast::{self, FEWEST_DAYS, MOST_DAYS, forecast};
use pointsman_core::money::MicroUsd;
use pointsman_core::policy::Policy;
use rusqlite::{Connection, params};

use super::period::Days;
use super::series::{Bars, BucketUnit, bars, ticks};
use super::{
    CacheSaving, CapCard, CapChoices, ForecastRange, Money, MonthForecast, NamedChoice, SpendBy, SpendPage,
    SpendPeriod, caps,
};
use crate::Gateway;
use crate::ledger::{LedgerError, setting};
use crate::report::MOVEMENTS;
use crate::view::money;

impl Gateway {
    /// The Spend page.
    ///
    /// # Errors
    /// Where the period is none, or the ledger cannot be read. A policy that is not valid is told on the page:
    /// what was spent can be shown without one.
    pub async fn spend_page(&self, period: SpendPeriod, by: SpendBy) -> Result<SpendPage, Denial> {
        self.spend_page_at(period, by, Timestamp::now()).await
    }

    /// The page as it is at an instant.
    ///
    /// # Errors
    /// As [`Gateway::spend_page`].
    pub async fn spend_page_at(&self, period: SpendPeriod, by: SpendBy, now: Timestamp) -> Result<SpendPage, Denial> {
        let inner = self.inner();
        let (rules, choices, caps_trouble) = match inner.policy.snapshot(inner).await {
            Ok(active) => (active.policy.caps.clone(), choices(&active.policy), None),
            Err(denial) => (Vec::new(), CapChoices::default(), Some(denial.sentence)),
        };
        let raises = crate::report::raises(inner).await?;
        let zone = inner.ledger.read(setting::zone).await?;
        let asked = Asked { days: period.days(now, &zone)?, period, by, rules, raises, now, zone };
        let mut page = inner.ledger.read(move |c| page(c, &asked)).await?;
        page.caps_trouble = caps_trouble;
        page.choices =
            CapChoices { clients: clients(page.choices.clients), projects: page.choices.projects, ..choices };
        Ok(page)
    }

    /// One account of a cap as it is enforced now; `None` where routing.yaml has changed.
    ///
    /// # Errors
    /// Where nothing rules or the ledger cannot be read.
    pub async fn cap_card(&self, identity: &str, account: &str) -> Result<Option<CapCard>, Denial> {
        let inner = self.inner();
        let active = inner.policy.snapshot(inner).await?;
        let rules: Vec<Cap> = active.policy.caps.iter().filter(|cap| cap.identity() == identity).cloned().collect();
        let raises = crate::report::raises(inner).await?;
        let cards = inner.ledger.read(move |c| caps::cards(c, &rules, &raises, Timestamp::now())).await?;
        Ok(cards.into_iter().find(|card| card.account == account))
    }
}

/// What is asked of the ledger.
struct Asked {
    days: Days,
    period: SpendPeriod,
    by: SpendBy,
    rules: Vec<Cap>,
    raises: Vec<Raise>,
    now: Timestamp,
    zone: TimeZone,
}

fn page(connection: &Connection, asked: &Asked) -> Result<SpendPage, LedgerError> {
    let Asked { days, period, by, rules, raises, now, zone } = asked;
    let Bars { unit, buckets, series, total, assumed, most } = bars(connection, days, *by, *now, zone)?;
    let month = month(connection, days.today, *now, zone)?;
    // The band of the days to come must fit into the plot.
    let band = month.range.as_ref().filter(|_| shows_band(period, unit));
    let highest = band.map_or(most, |range| most.max(MicroUsd::from_micros(range.day_high.micros)));
    let count = |sql: &str| -> Result<u32, LedgerError> {
        Ok(connection.prepare_cached(sql)?.query_row(params![days.begin_ms, days.end_ms], |row| row.get(0))?)
    };
    Ok(SpendPage {
        from: days.from.to_string(),
        to: days.to.to_string(),
        today: days.today.to_string(),
        zone: zone.iana_name().unwrap_or("UTC").to_owned(),
        ever: connection.query_row("SELECT EXISTS (SELECT 1 FROM attempt)", [], |row| row.get(0))?,
        total: Money::total(total),
        assumed: (assumed > MicroUsd::ZERO).then(|| Money::total(assumed)),
        limit: limit(connection, period, rules, raises, *now)?,
        held: Money::row(held(connection)?),
        requests: count("SELECT count(DISTINCT request_id) FROM attempt WHERE made_ms >= ?1 AND made_ms < ?2")?,
        by: *by,
        unit,
        buckets,
        series,
        ticks: ticks(highest),
        forecast: month,
        cache: saved(connection, days)?,
        caps: caps::cards(connection, rules, raises, *now)?,
        caps_trouble: None,
        choices: CapChoices {
            clients: seen(connection, "client")?,
            projects: seen(connection, "project")?,
            ..CapChoices::default()
        },
    })
}

/// Whether the days to come are among the bars.
fn shows_band(period: &SpendPeriod, unit: BucketUnit) -> bool {
    *period == SpendPeriod::Month && unit == BucketUnit::Day
}

/// The limit for all calls of a day or a month, where the period is just that.
fn limit(
    connection: &Connection,
    period: &SpendPeriod,
    rules: &[Cap],
    raises: &[Raise],
    now: Timestamp,
) -> Result<Option<Money>, LedgerError> {
    let window = match period {
        SpendPeriod::Today => Window::Day,
        SpendPeriod::Month => Window::Month,
        SpendPeriod::Week | SpendPeriod::LastMonth | SpendPeriod::Days30 | SpendPeriod::Between { .. } => {
            return Ok(None);
        }
    };
    Ok(money::bar(connection, rules, raises, window, now)?.limit)
}

fn held(connection: &Connection) -> Result<MicroUsd, LedgerError> {
    let sql = "SELECT coalesce(sum(hold_micro), 0) FROM reservation WHERE state = 'open'";
    Ok(MicroUsd::from_micros(connection.query_row(sql, [], |row| row.get(0))?))
}

fn saved(connection: &Connection, days: &Days) -> Result<CacheSaving, LedgerError> {
    let mut query = connection.prepare_cached(
        "SELECT count(*), coalesce(sum(saved_micro), 0) FROM request WHERE started_ms >= ?1 AND started_ms < ?2 AND state = 'kept'",
    )?;
    Ok(query.query_row(params![days.begin_ms, days.end_ms], |row| {
        Ok(CacheSaving { answers: row.get(0)?, saved: Money::row(MicroUsd::from_micros(row.get(1)?)) })
    })?)
}

/// What this month may come to, from the days before today that anything was asked on or after.
fn month(connection: &Connection, today: Date, now: Timestamp, zone: &TimeZone) -> Result<MonthForecast, LedgerError> {
    let most = i32::try_from(MOST_DAYS).unwrap_or(i32::MAX);
    let first = today.first_of_month().min(today.saturating_sub(most.days()));
    let begin = first.to_zoned(zone.clone()).map_or(0, |zoned| zoned.timestamp().as_millisecond());
    let mut query =
        connection.prepare_cached(&format!("SELECT made_ms, amount FROM ({MOVEMENTS}) WHERE made_ms >= ?1"))?;
    let mut by_day: BTreeMap<Date, MicroUsd> = BTreeMap::new();
    let mut rows = query.query([begin])?;
    let date = |ms: i64| Timestamp::from_millisecond(ms).unwrap_or(now).to_zoned(zone.clone()).date();
    while let Some(row) = rows.next()? {
        let day = by_day.entry(date(row.get(0)?)).or_default();
        *day = day.plus(MicroUsd::from_micros(row.get(1)?));
    }
    let ever: Option<i64> = connection.query_row("SELECT min(made_ms) FROM attempt", [], |row| row.get(0))?;
    let start = ever.map_or(today, date).max(first);
    let of = |day: Date| by_day.get(&day).copied().unwrap_or_default();
    let whole: Vec<MicroUsd> = start.series(1.day()).take_while(|day| *day < today).map(of).collect();
    let before = by_day.range(today.first_of_month()..today).fold(MicroUsd::ZERO, |sum, (_, day)| sum.plus(*day));
    let last = today.last_of_month();
    let after = u32::try_from(today.until(last).map_or(0, |span| span.get_days())).unwrap_or(0);
    let ends = last.tomorrow().ok().and_then(|next| next.to_zoned(zone.clone()).ok());
    let have = whole.len();
    let range = forecast(&forecast::Days { whole, before, today: of(today), after });
    let method = match &range {
        Some(range) => format!(
            "From the last {} whole days: the days to come are taken to be like the cheaper half of them, or like the dearer half.",
            range.from_days
        ),
        None => format!("A forecast needs {FEWEST_DAYS} whole days since the first call. There {}.", so_far(have)),
    };
    let range = range.map(|range| ForecastRange {
        text: range.text(),
        day_low: Money::row(range.day_low),
        day_high: Money::row(range.day_high),
        from_days: u32::try_from(range.from_days).unwrap_or(u32::MAX),
    });
    Ok(MonthForecast { range, method, ends_ms: ends.map_or(0, |ends| ends.timestamp().as_millisecond()) })
}

fn so_far(days: usize) -> String {
    match days {
        0 => "is none so far".to_owned(),
        1 => "is one so far".to_owned(),
        more => format!("are {more} so far"),
    }
}

/// The clients or projects that ever asked, by name.
fn seen(connection: &Connection, column: &'static str) -> Result<Vec<NamedChoice>, LedgerError> {
    let mut query =
        connection.prepare(&format!("SELECT DISTINCT {column} FROM request WHERE {column} <> '' ORDER BY 1"))?;
    let found = query.query_map([], |row| row.get::<_, String>(0))?;
    let named = |id: String| NamedChoice { title: id.clone(), id };
    Ok(found.collect::<Result<Vec<_>, _>>()?.into_iter().map(named).collect())
}

/// Clients that can be connected, then others that were seen.
fn clients(seen: Vec<NamedChoice>) -> Vec<NamedChoice> {
    let mut all: Vec<NamedChoice> = pointsman_core::clients::CLIENTS
        .iter()
        .map(|client| NamedChoice { id: client.id.to_owned(), title: client.title.to_owned() })
        .collect();
    for one in seen {
        if all.iter().all(|known| known.id != one.id) {
            all.push(one);
        }
    }
    all
}

fn choices(policy: &Policy) -> CapChoices {
    let same = |id: String| NamedChoice { title: id.clone(), id };
    let models = policy.callable();
    let mut providers: Vec<_> = models.iter().map(|model| model.provider.clone()).collect();
    providers.dedup();
    let local =
        |model: &pointsman_core::id::ModelId| policy.providers.get(&model.provider).is_some_and(|one| one.local);
    let titled = |id: &pointsman_core::id::ProviderId| NamedChoice {
        id: id.to_string(),
        title: policy.providers.get(id).map_or_else(|| id.to_string(), |provider| provider.title.clone()),
    };
    CapChoices {
        local: models.iter().any(local),
        providers: providers.iter().map(titled).collect(),
        models: models.iter().map(|model| same(model.to_string())).collect(),
        classes: policy
            .classes
            .iter()
            .map(|rule| same(rule.class.to_string()))
            .chain([same("chat".to_owned())])
            .collect(),
        ..CapChoices::default()
    }
}
