//! The list of prices that the project genai-prices publishes, read into the table that [`super::prices`]
//! looks things up in. `cargo xtask prices` makes the table of this program with it, and a refresh reads the
//! list of the day with the same code, so that both understand the same shape.
//!
//! Every amount goes from the digits of the source to the digits of the table (I4). What the source says in a
//! way that is not known here is never guessed: it stops the making of our own table, and leaves a model out
//! of a refreshed one.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

mod amount;
mod rules;
mod table;

/// Where the list of the day is: the address that genai-prices' own packages read their updates from
/// (`REMOTE_DATA_URL` of its crate 0.2.1, github.com/pydantic/genai-prices, `packages/rust/src/lib.rs`). A
/// list of providers, each with a list of models; about 800 KB. The list has no date of its own.
pub const ADDRESS: &str = "https://raw.githubusercontent.com/pydantic/genai-prices/main/prices/new_data/v2/data.json";

/// The longest table that is kept of a refreshed list, in bytes: ours has 110,000.
const LONGEST: usize = 1_000_000;

/// What the source says in a way nobody here knows.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct Strange(String);

impl Strange {
    fn new(why: &str) -> Self {
        Self(why.to_owned())
    }
}

impl From<serde_json::Error> for Strange {
    fn from(error: serde_json::Error) -> Self {
        Self(error.to_string())
    }
}

type Read<T> = Result<T, Strange>;
type Fields = BTreeMap<String, Box<RawValue>>;

const HEAD: &str = "\
# List prices and context windows of models. Licence of the data: MIT, see LICENSE beside this file.
# Written by `cargo xtask prices` from the data of the crate genai-prices; a test finds other edits.
# A section is a provider. A line is a model, with tabs between: its id; rules by which other names
# mean it too (= is, ^ begins, * contains, $ ends, ! does not contain, # any digit, & all of them);
# tokens of context; notes (deprecated; peak: the price of the dearest hours); then one price, or
# several with the first day of each. US dollars for a million tokens, `request` for one call;
# after >N what all tokens cost in a call of more than N tokens of input.
";

/// The whole table of one version of the source.
///
/// # Errors
/// [`Strange`] at the first thing that is not known.
pub fn table(source: &str, version: &str, released: &str) -> Result<String, Strange> {
    let mut out = format!("{HEAD}# source: genai-prices {version}\n# date: {released}\n");
    for (list, rows) in table::sections(source)? {
        let rows = rows.ok_or_else(|| Strange(format!("there is no provider {list}")))?;
        let known = rows.into_iter().map(|(id, row)| row.map_err(|why| Strange(format!("{list}/{id}: {why}"))));
        section(&mut out, list, known.collect::<Read<Vec<_>>>()?.into_iter().flatten());
    }
    Ok(out)
}

/// A list that was fetched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fetched {
    /// The table, without its head.
    pub table: String,
    /// How many models it has.
    pub models: usize,
    /// How many were left out because something about them is not known here.
    pub left_out: usize,
}

/// The table of a list from the network: any text whatever.
///
/// # Errors
/// Where it is no such list at all, knows none of our providers, or is many times as long as ours.
pub fn fetched(source: &str) -> Result<Fetched, Strange> {
    let mut fetched = Fetched { table: String::new(), models: 0, left_out: 0 };
    for (list, rows) in table::sections(source)? {
        let mut known = Vec::new();
        for (_, row) in rows.unwrap_or_default() {
            match row {
                Ok(row) => known.extend(row),
                Err(_) => fetched.left_out += 1,
            }
        }
        fetched.models += known.len();
        section(&mut fetched.table, list, known.into_iter());
    }
    if fetched.models == 0 {
        return Err(Strange::new("it has no price of a provider that is known here"));
    }
    if fetched.table.len() > LONGEST {
        return Err(Strange::new("it is many times as long as it should be"));
    }
    Ok(fetched)
}

fn section(out: &mut String, list: &str, rows: impl Iterator<Item = String>) {
    out.push_str(&format!("[{list}]\n"));
    rows.for_each(|row| out.push_str(&row));
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Shapes as in the source: a flat price, steps, days, hours, rules.
    const LIST: &str = r#"[{"id": "openai", "models": [
        {"id": "b", "match": {"or": [{"equals": "B"}, {"starts_with": "b-"}]}, "context_window": 1000,
         "prices": {"input_mtok": 1.5, "output_mtok": {"base": 2, "tiers": [{"start": 500, "price": 4e0}]}}},
        {"id": "a", "match": {"equals": "a"}, "deprecated": true, "prices": [
            {"prices": {"input_mtok": 0.1, "output_mtok": 1e-05, "requests_kcount": 5}},
            {"constraint": {"start_date": "2026-12-01"}, "prices": {"input_mtok": 3, "output_mtok": 4}}]},
        {"id": "words", "match": {"equals": "words"}, "prices": {"input_mtok": 1}},
        {"id": "c", "match": {"like": "c"}, "prices": {"input_mtok": 1, "output_mtok": 1}}]}]"#;

    #[test]
    fn a_list_becomes_a_table_and_what_is_not_known_is_left_out_and_counted() {
        let fetched = fetched(LIST).unwrap();
        let openai = "[openai]\n\
            a\t-\t-\tdeprecated\tinput=0.1 output=0.00001 request=0.005\tinput=3 output=4 from=2026-12-01\n\
            b\t^b-\t1000\t-\tinput=1.5 output=2 >500 input=1.5 output=4\n";
        assert!(fetched.table.contains(openai), "{}", fetched.table);
        assert_eq!((fetched.models, fetched.left_out), (2, 1));
        assert_eq!(table(LIST, "1", "2").unwrap_err().to_string(), "there is no provider anthropic");
    }

    #[test]
    fn nothing_that_a_list_says_breaks_out_of_its_line_or_takes_long() {
        let model = |more: &str| {
            format!(
                r#"[{{"id": "openai", "models": [{{"id": "a", "match": {{"equals": "a"}}, "prices": {{"input_mtok": 1, "output_mtok": 1}}}}, {{{more}}}]}}]"#
            )
        };
        let prices = r#""prices": {"input_mtok": 1, "output_mtok": 1}"#;
        let many = "[abcdefgh]".repeat(12);
        for more in [
            format!(r#""id": "x\n[anthropic]\nclaude-2", "match": {{"equals": "x"}}, {prices}"#),
            format!(r#""id": "x\ty", "match": {{"equals": "x"}}, {prices}"#),
            format!(r#""id": "[x]", "match": {{"equals": "x"}}, {prices}"#),
            format!("\"id\": \"x\", \"match\": {{\"equals\": \"x\"}}, \"context_window\": [1,\n2], {prices}"),
            format!(r#""id": "x", "match": {{"equals": "x\ny"}}, {prices}"#),
            format!(r#""id": "x", "match": {{"regex": "^x\\d{{4000000000}}$"}}, {prices}"#),
            format!(r#""id": "x", "match": {{"regex": "^{many}$"}}, {prices}"#),
            r#""id": "x", "match": {"equals": "x"}, "prices": [{"prices": {"input_mtok": 1, "output_mtok": 1}}, {"constraint": {"start_date": "2026-12-01\n[anthropic]"}, "prices": {"input_mtok": 1, "output_mtok": 1}}]"#.to_owned(),
            r#""id": "x", "match": {"equals": "x"}, "prices": {"input_mtok": -1, "output_mtok": 1}"#.to_owned(),
        ] {
            let fetched = fetched(&model(&more)).unwrap();
            assert_eq!((fetched.models, fetched.left_out), (1, 1), "{more}");
            assert_eq!(fetched.table.matches("\n[").count(), fetched.table.matches('[').count() - 1, "{more}");
        }
        for (text, why) in [("{}", "no list"), ("[]", "no price"), ("[1]", "no list"), ("<html>", "no list")] {
            assert!(fetched(text).unwrap_err().to_string().contains(why), "{text}");
        }
    }
}
