//! The call the gateway makes, made without it: one kept connection, the same body, the whole stream
//! read. What a call through Pointsman takes longer than this is what Pointsman adds.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;

use anyhow::{Context, Result, bail};
use serde_json::json;

pub(crate) struct Direct {
    stream: BufReader<TcpStream>,
    request: Vec<u8>,
}

impl Direct {
    pub(crate) fn connect(base_url: &str, prompt: &str) -> Result<Self> {
        let rest = base_url.strip_prefix("http://").context("the practice server is on http")?;
        let (host, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let body = json!({
            "model": "gpt-5-mini",
            "messages": [{ "role": "user", "content": prompt }],
            "stream": true,
            "stream_options": { "include_usage": true },
            "max_completion_tokens": 1000,
        })
        .to_string();
        let request = format!(
            "POST /{prefix}/chat/completions HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nAccept: text/event-stream\r\nContent-Length: {}\r\n\r\n{body}",
            body.len()
        );
        let stream = TcpStream::connect(host)?;
        stream.set_nodelay(true)?;
        Ok(Self { stream: BufReader::new(stream), request: request.into_bytes() })
    }

    /// Sends the request and reads the answer to its end; gives back how many bytes it had.
    pub(crate) fn call(&mut self) -> Result<usize> {
        self.stream.get_mut().write_all(&self.request)?;
        let status = self.line()?;
        if !status.starts_with("HTTP/1.1 200") {
            bail!("the practice server refused the direct call: {status}");
        }
        let mut chunked = false;
        loop {
            let header = self.line()?.to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            chunked |= header.starts_with("transfer-encoding:") && header.contains("chunked");
        }
        if !chunked {
            bail!("the practice server did not stream the direct call");
        }
        let mut read = 0;
        loop {
            let size = usize::from_str_radix(self.line()?.trim(), 16).context("a chunk's size")?;
            let mut chunk = vec![0; size + 2];
            self.stream.read_exact(&mut chunk)?;
            if size == 0 {
                return Ok(read);
            }
            read += size;
        }
    }

    fn line(&mut self) -> Result<String> {
        let mut line = String::new();
        if self.stream.read_line(&mut line)? == 0 {
            bail!("the practice server closed the connection");
        }
        Ok(line.trim_end().to_owned())
    }
}
