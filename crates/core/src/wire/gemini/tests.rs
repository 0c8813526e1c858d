//! Golden bodies of Google's own format. The shapes are those of ai.google.dev/api/generate-content and
//! ai.google.dev/gemini-api/docs; each is named where it is used.

mod decode;
mod encode;
mod stream;
