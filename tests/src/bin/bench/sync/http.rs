//! What HTTP/1.1 messages on a line are made of: heads and bodies, counted as they travel.

/// One request with its answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Trip {
    /// Such as `POST /sync/v1/exchange HTTP/1.1`.
    pub(crate) request_line: String,
    pub(crate) request_head_bytes: usize,
    pub(crate) request_body_bytes: usize,
    pub(crate) answer_head_bytes: usize,
    pub(crate) answer_body_bytes: usize,
}

impl Trip {
    pub(crate) fn bytes(&self) -> usize {
        self.request_head_bytes
            + self.request_body_bytes
            + self.answer_head_bytes
            + self.answer_body_bytes
    }

    pub(crate) fn is_exchange(&self) -> bool {
        self.request_line.contains("/exchange")
    }
}

/// Everything that was answered in full on one connection; requests do not overtake each other there.
pub(crate) fn trips(requests: &[u8], answers: &[u8]) -> Vec<Trip> {
    let requests = messages(requests);
    let answers = messages(answers);
    let pairs = requests.into_iter().zip(answers);
    pairs
        .map(|(request, answer)| Trip {
            request_line: request.first_line,
            request_head_bytes: request.head_bytes,
            request_body_bytes: request.body_bytes,
            answer_head_bytes: answer.head_bytes,
            answer_body_bytes: answer.body_bytes,
        })
        .collect()
}

struct Message {
    first_line: String,
    head_bytes: usize,
    body_bytes: usize,
}

/// The complete messages at the start of `bytes`.
fn messages(mut bytes: &[u8]) -> Vec<Message> {
    let mut found = Vec::new();
    while let Some(message) = message(bytes) {
        bytes = &bytes[message.head_bytes + message.body_bytes..];
        found.push(message);
    }
    found
}

fn message(bytes: &[u8]) -> Option<Message> {
    let head_bytes = bytes.windows(4).position(|window| window == b"\r\n\r\n")? + 4;
    let (head, rest) = bytes.split_at(head_bytes);
    let head = String::from_utf8_lossy(head).into_owned();
    let header = |wanted: &str| {
        head.lines().find_map(|line| {
            let (name, value) = line.split_once(':')?;
            name.eq_ignore_ascii_case(wanted)
                .then(|| value.trim().to_ascii_lowercase())
        })
    };
    let body_bytes = if header("transfer-encoding").is_some_and(|value| value.contains("chunked")) {
        chunked_length(rest)?
    } else {
        header("content-length").map_or(Some(0), |value| value.parse().ok())?
    };
    (rest.len() >= body_bytes).then(|| Message {
        first_line: head.lines().next().unwrap_or_default().to_owned(),
        head_bytes,
        body_bytes,
    })
}

/// With the chunks' own lines, up to the empty chunk.
fn chunked_length(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        let line = bytes
            .get(at..)?
            .windows(2)
            .position(|window| window == b"\r\n")?;
        let size = std::str::from_utf8(&bytes[at..at + line]).ok()?;
        let size = usize::from_str_radix(size.trim(), 16).ok()?;
        at += line + 2 + size + 2;
        if size == 0 {
            return Some(at);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_and_bodies_are_told_apart() {
        let requests = b"POST /sync/v1/exchange HTTP/1.1\r\ncontent-length: 3\r\n\r\nabcGET /x HTTP/1.1\r\n\r\n";
        let answers = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\nHTTP/1.1 204 No\r\nconten";
        let trips = trips(requests, answers);
        assert_eq!(
            trips.len(),
            1,
            "the second answer is not complete: {trips:?}"
        );
        assert!(trips[0].is_exchange());
        assert_eq!(
            (trips[0].request_body_bytes, trips[0].answer_body_bytes),
            (3, 14)
        );
        assert_eq!(trips[0].request_head_bytes, 54);
    }
}
