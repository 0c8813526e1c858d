//! The commands of the Models page. What a form writes goes through `policy_apply`; here are the list, what a
//! form comes to, one prompt to a model, and calls reckoned anew, for which the person is asked.

use pointsman_core::code::Denial;
use pointsman_engine::view::{ModelCard, ModelForm, ModelLook, ModelsPage, TryAnswer, TryOutlook};

use crate::desk::Desk;
use crate::dialogs::{Question, ask};
use crate::rpc::Said;

pub(crate) async fn models(desk: &Desk) -> Result<ModelsPage, Denial> {
    desk.gateway.models_page().await
}

pub(crate) async fn models_refresh(desk: &Desk) -> Result<ModelsPage, Denial> {
    desk.gateway.models_refresh().await
}

pub(crate) async fn model(desk: &Desk, id: String) -> Result<ModelCard, Denial> {
    desk.gateway.model_card(&id).await
}

pub(crate) async fn model_look(desk: &Desk, id: String, form: ModelForm) -> Result<ModelLook, Denial> {
    desk.gateway.model_look(&id, &form, pointsman_mcp::chat_description).await
}

pub(crate) async fn model_try_outlook(desk: &Desk, id: String, prompt: String) -> Result<TryOutlook, Denial> {
    desk.gateway.model_try_outlook(&id, &prompt).await
}

pub(crate) async fn model_try(desk: &Desk, id: String, prompt: String) -> Result<TryAnswer, Denial> {
    Ok(desk.gateway.model_try(&id, &prompt, desk.new_trial()).await)
}

pub(crate) async fn model_try_stop(desk: &Desk) -> Result<(), Denial> {
    desk.stop_trial();
    Ok(())
}

/// The dialog says how many calls and how much; what is done then is what it said.
pub(crate) async fn model_reprice(desk: &Desk, id: String) -> Result<Said, Denial> {
    let outlook = desk.gateway.model_reprice_outlook(&id).await?;
    if outlook.done.corrected == 0 {
        let sentence = "Every counted call of this month is reckoned at this price already.".to_owned();
        return Ok(Said { done: false, sentence });
    }
    let question = Question {
        title: "Reckon calls anew",
        text: format!("{}\n\nCaps count the difference in the windows of these calls.", outlook.sentence),
        yes: "Reckon anew",
        no: "Leave as they are",
    };
    if !ask(&desk.app, question).await {
        return Ok(Said { done: false, sentence: "Nothing changed. The charges stay as they are.".to_owned() });
    }
    Ok(Said { done: true, sentence: desk.gateway.model_reprice(outlook).await? })
}
