//! A load of HTTP requests that costs little, because it shares its two cores with the server that
//! it measures: threads with a few keep-alive connections each, which write one request on every
//! connection and then read every answer.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

const THREADS: usize = 4;
const CONNECTIONS_PER_THREAD: usize = 16;
const ANSWER_SECONDS_MAX: u64 = 30;

/// Clients in all.
pub(crate) const CLIENTS: usize = THREADS * CONNECTIONS_PER_THREAD;

/// Sends every request and gives the bodies of the answers, in the order of the requests, with
/// the seconds that passed between the first byte sent and the last byte read.
///
/// # Errors
/// Any answer that is not a success, with its body.
pub(crate) fn load(address: SocketAddr, requests: &[Vec<u8>]) -> Result<(Vec<String>, f64)> {
    let ready = Barrier::new(THREADS + 1);
    let share = requests.len().div_ceil(THREADS).max(1);
    let work = |share: &[Vec<u8>]| {
        let connections = connect(address);
        // Reached by a thread that could not connect too, or the others would wait for ever.
        ready.wait();
        drive(connections?, share)
    };
    let work = &work;
    std::thread::scope(|scope| {
        let shares = requests
            .chunks(share)
            .chain(std::iter::repeat([].as_slice()))
            .take(THREADS);
        let threads: Vec<_> = shares
            .map(|share| scope.spawn(move || work(share)))
            .collect();
        ready.wait();
        let start = Instant::now();
        let mut bodies = Vec::with_capacity(requests.len());
        for thread in threads {
            let Ok(answers) = thread.join() else {
                bail!("a thread of the load panicked")
            };
            bodies.extend(answers?);
        }
        Ok((bodies, start.elapsed().as_secs_f64()))
    })
}

/// One request as bytes.
pub(crate) fn request(method: &str, path: &str, who: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{who}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn connect(address: SocketAddr) -> Result<Vec<BufReader<TcpStream>>> {
    let connect = |_| {
        let stream = TcpStream::connect(address).context("connecting to the server")?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(ANSWER_SECONDS_MAX)))?;
        Ok(BufReader::new(stream))
    };
    (0..CONNECTIONS_PER_THREAD).map(connect).collect()
}

fn drive(mut streams: Vec<BufReader<TcpStream>>, requests: &[Vec<u8>]) -> Result<Vec<String>> {
    let mut bodies = Vec::with_capacity(requests.len());
    for round in requests.chunks(streams.len()) {
        for (stream, request) in streams.iter_mut().zip(round) {
            stream.get_mut().write_all(request)?;
        }
        for stream in streams.iter_mut().take(round.len()) {
            bodies.push(answer(stream)?);
        }
    }
    Ok(bodies)
}

fn answer(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut status = String::new();
    stream
        .read_line(&mut status)
        .context("waiting for an answer")?;
    let mut length = None;
    loop {
        let mut line = String::new();
        ensure!(
            stream.read_line(&mut line)? > 0,
            "the server closed a connection"
        );
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        if name.eq_ignore_ascii_case("content-length") {
            length = Some(value.trim().parse()?);
        }
    }
    let mut body = vec![0; length.context("an answer without its length")?];
    stream.read_exact(&mut body)?;
    let body = String::from_utf8(body)?;
    ensure!(
        status.starts_with("HTTP/1.1 2"),
        "{} {body}",
        status.trim_end()
    );
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Answers each request with the status and its own body, on one connection.
    fn echo(stream: TcpStream, status: &str) {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        let mut length = 0;
        while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n\r\n");
                stream
                    .get_mut()
                    .write_all(&[head.as_bytes(), &body].concat())
                    .unwrap();
            }
            line.clear();
        }
    }

    fn served(status: &'static str, requests: usize) -> Result<(Vec<String>, f64)> {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                std::thread::spawn(move || echo(stream.unwrap(), status));
            }
        });
        let request = |n: usize| request("POST", "/", "Accept: */*", &n.to_string());
        load(address, &(0..requests).map(request).collect::<Vec<_>>())
    }

    #[test]
    fn every_request_is_answered_in_its_order() {
        let (bodies, _) = served("200 OK", 1001).unwrap();
        assert_eq!(bodies, (0..1001).map(|n| n.to_string()).collect::<Vec<_>>());
    }

    #[test]
    fn a_refusal_ends_the_load() {
        let error = served("402 Payment Required", 3).unwrap_err();
        assert!(
            error.to_string().contains("402 Payment Required"),
            "{error}"
        );
    }
}
