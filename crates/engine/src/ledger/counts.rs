//! Whose money an account counts, as SQL. One text decides both which accounts an attempt is posted to
//! and which attempts an account is the sum of, so the two cannot drift apart.

use pointsman_core::budget::{Counted, Scope};

/// Whether an account of `$scope` and `$name` counts an attempt of these columns. A model is written
/// `provider/model`.
macro_rules! counts {
    ($scope:literal, $name:literal, $provider:literal, $model:literal, $client:literal, $class:literal, $project:literal) => {
        concat!(
            "CASE ",
            $scope,
            " WHEN 'all' THEN 1 WHEN 'provider' THEN ",
            $name,
            " = ",
            $provider,
            " WHEN 'model' THEN ",
            $name,
            " = ",
            $model,
            " WHEN 'client' THEN ",
            $name,
            " = ",
            $client,
            " WHEN 'task_class' THEN ",
            $name,
            " = ",
            $class,
            " WHEN 'project' THEN ",
            $name,
            " = ",
            $project,
            " ELSE 0 END"
        )
    };
}
pub(super) use counts;

/// [`counts!`] for a row `t` with a provider and a model, of a request `q`, against `?1` and `?2`.
macro_rules! counts_row {
    () => {
        $crate::ledger::counts::counts!(
            "?1",
            "?2",
            "t.provider",
            "t.provider || '/' || t.model",
            "q.client",
            "q.class",
            "q.project"
        )
    };
}
pub(super) use counts_row;

/// The names an attempt is counted under, as the ledger writes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Names {
    pub(super) provider: String,
    /// `provider/model`.
    pub(super) model: String,
    pub(super) client: String,
    pub(super) class: String,
    pub(super) project: String,
}

impl From<&Counted> for Names {
    fn from(counted: &Counted) -> Self {
        let any = Scope::Client(None);
        Self {
            provider: counted.model.provider.to_string(),
            model: counted.model.to_string(),
            client: counted.name_in(&any),
            class: counted.class.to_string(),
            project: counted.name_in(&Scope::Project(None)),
        }
    }
}
