//! What the name of one of OpenAI's own models says about the parameters it takes. The same for chat
//! completions and for Responses.
//!
//! A name with a `/` is a reseller's. Resellers document the parameters of chat completions and take
//! care of what a model refuses; a limit they ignored would leave the cost without a bound.

/// Whether the model refuses `max_tokens`: the o series and gpt-5 and later, fine-tuned ones (`ft:`)
/// too. This is not the same as reasoning: DeepSeek's reasoner takes `max_tokens`, and gpt-5-chat does
/// not reason.
pub(super) fn takes_completion_tokens(model: &str) -> bool {
    let name = own_name(model);
    if let Some(version) = name.strip_prefix("gpt-") {
        let digits = version.bytes().take_while(u8::is_ascii_digit).count();
        return version[..digits].parse::<u32>().is_ok_and(|major| major >= 5);
    }
    let mut rest = name.bytes();
    let series = rest.next() == Some(b'o') && rest.next().is_some_and(|digit| digit.is_ascii_digit());
    series && !name.contains('/') && rest.next().is_none_or(|byte| matches!(byte, b'-' | b':'))
}

/// Whether the model refuses `temperature`, `top_p` and both penalties with a 400: those that reason
/// (platform.openai.com/docs/guides/reasoning). Some of gpt-5.1 to 5.4 take the first two while they are
/// told not to reason; we never tell them, and which do is not in the name.
pub(super) fn refuses_sampling(model: &str) -> bool {
    takes_completion_tokens(model) && !own_name(model).contains("-chat")
}

/// Whether the model refuses `stop`: o3, o4-mini and all since (platform.openai.com/docs/api-reference/chat/create,
/// `stop`); o1 and o3-mini take it.
pub(super) fn refuses_stop(model: &str) -> bool {
    let name = own_name(model);
    refuses_sampling(model) && !name.starts_with("o1") && !name.starts_with("o3-mini")
}

fn own_name(model: &str) -> &str {
    model.strip_prefix("ft:").unwrap_or(model)
}
