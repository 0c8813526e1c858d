//! A corrected price and the calls that were reckoned before: those of this month can be reckoned anew. The
//! attempts stay as they are (I5); the difference is posted.

use jiff::Timestamp;
use pointsman_core::code::{Code, Denial};
use pointsman_core::id::ModelId;
use pointsman_core::money::{MicroUsd, Price};

use super::card::{month, named};
use crate::Gateway;
use crate::caps::Repriced;
use crate::ledger::adjustment::{self, Marked};
use crate::ledger::setting;

/// What reckoning this month's calls of a model anew would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepriceOutlook {
    /// What would change.
    pub done: Repriced,
    /// The same in words, for the question.
    pub sentence: String,
    model: ModelId,
    price: Price,
    from: Timestamp,
    before: Timestamp,
}

impl Gateway {
    /// What reckoning this month's calls of a model at the price that holds would change. Writes nothing.
    ///
    /// # Errors
    /// Where the model has no price, or the ledger cannot be read.
    pub async fn model_reprice_outlook(&self, id: &str) -> Result<RepriceOutlook, Denial> {
        let policy = self.ruling().await?;
        let model = named(&policy, id)?;
        let Some(price) = policy.price(&model) else {
            return Err(Denial::new(Code::Unpriced, format!("No price is known for {model}. Set one first.")));
        };
        let (id, at) = (model.clone(), price.clone());
        let (done, from, before) = self
            .inner()
            .ledger
            .read(move |c| {
                let now = Timestamp::now();
                let from = month(now, &setting::zone(c)?).start;
                let marked = Marked { model: id, from, before: now };
                Ok((adjustment::reprice_trial(c, &marked, &at)?, from, now))
            })
            .await?;
        let sentence = sentence(&model, &price, &done);
        Ok(RepriceOutlook { done, sentence, model, price, from, before })
    }

    /// Does what the outlook says, for just the calls and the price it was made with.
    ///
    /// # Errors
    /// From a server; where the ledger cannot be written.
    pub async fn model_reprice(&self, outlook: RepriceOutlook) -> Result<String, Denial> {
        let RepriceOutlook { model, price, from, before, .. } = outlook;
        let done = self.reprice(model, price, from, before).await?;
        Ok(format!("{} {}.", calls(done.corrected, "now cost"), change(done.amount)))
    }
}

fn sentence(model: &ModelId, price: &Price, done: &Repriced) -> String {
    let (input, output) = (price.base.input.exact(), price.base.output.exact());
    let mut sentence = format!(
        "{} of {model} this month {} reckoned anew at {input} in and {output} out for a million tokens. Together they cost {}.",
        counted(done.corrected),
        if done.corrected == 1 { "is" } else { "are" },
        change(done.amount)
    );
    if done.uncounted > 0 {
        let stay = if done.uncounted == 1 { "stays as it is" } else { "stay as they are" };
        sentence.push_str(&format!(" {} that nobody counted {stay}.", counted(done.uncounted)));
    }
    sentence
}

fn counted(calls: u32) -> String {
    if calls == 1 { "1 call".to_owned() } else { format!("{calls} calls") }
}

fn calls(count: u32, verb: &str) -> String {
    format!("{} {}", counted(count), if count == 1 { verb.replacen("cost", "costs", 1) } else { verb.to_owned() })
}

fn change(amount: MicroUsd) -> String {
    if amount < MicroUsd::ZERO {
        return format!("{} less", MicroUsd::ZERO.minus(amount));
    }
    format!("{amount} more")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_question_names_how_many_calls_and_how_much() {
        let model = ModelId::parse("a/b").unwrap();
        let mut price = Price::FREE;
        price.base.input = MicroUsd::from_micros(1_250_000);
        let done = Repriced { corrected: 1, unchanged: 4, uncounted: 2, amount: MicroUsd::from_micros(-1_200) };
        assert_eq!(
            sentence(&model, &price, &done),
            "1 call of a/b this month is reckoned anew at $1.25 in and $0.00 out for a million tokens. Together they cost $0.0012 less. 2 calls that nobody counted stay as they are."
        );
    }
}
