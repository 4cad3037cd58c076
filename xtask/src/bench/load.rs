//! A lightweight HTTP load generator, because it shares its two cores with the measured server:
//! threads with a few keep-alive connections each, which write one request on every connection and
//! then read all responses.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::sync::Barrier;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};

const THREADS: usize = 4;
const RESPONSE_SECONDS_MAX: u64 = 120;

/// The default number of clients, over all threads.
pub(crate) const CLIENTS: usize = 64;

/// The response to a request.
#[derive(Debug)]
pub(crate) struct Response {
    /// The HTTP status of the response.
    pub(crate) status: u16,
    /// The body of the response.
    pub(crate) body: String,
}

/// Sends all requests. Returns the response bodies in the order of the requests, and the seconds
/// between the first byte sent and the last byte read.
///
/// # Errors
/// Fails if a response is not a success; the error contains its body.
pub(crate) fn load(address: SocketAddr, requests: &[Vec<u8>]) -> Result<(Vec<String>, f64)> {
    let (responses, seconds) = load_with(CLIENTS, address, requests)?;
    let body = |response: Response| {
        ensure!(
            (200..300).contains(&response.status),
            "{} {}",
            response.status,
            response.body
        );
        Ok(response.body)
    };
    Ok((
        responses.into_iter().map(body).collect::<Result<_>>()?,
        seconds,
    ))
}

/// Like [`load`], with the given number of clients, and for responses of any status.
///
/// # Errors
/// Fails if a connection fails.
pub(crate) fn load_with(
    clients: usize,
    address: SocketAddr,
    requests: &[Vec<u8>],
) -> Result<(Vec<Response>, f64)> {
    let ready = Barrier::new(THREADS + 1);
    let share = requests.len().div_ceil(THREADS).max(1);
    let work = |share: &[Vec<u8>]| {
        let connections: Result<Vec<_>> = (0..clients.div_ceil(THREADS))
            .map(|_| connect(address))
            .collect();
        // A thread that could not connect waits here too; otherwise the others would wait forever.
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
        let mut responses = Vec::with_capacity(requests.len());
        for thread in threads {
            let Ok(read) = thread.join() else {
                bail!("a thread of the load generator panicked")
            };
            responses.extend(read?);
        }
        Ok((responses, start.elapsed().as_secs_f64()))
    })
}

/// Sends the requests one after the other, and returns the time of each, sorted from the shortest.
///
/// # Errors
/// Fails if a response does not have status 200; the error contains its body.
pub(crate) fn latencies(address: SocketAddr, requests: &[Vec<u8>]) -> Result<Vec<Duration>> {
    let mut stream = connect(address)?;
    let mut times = Vec::with_capacity(requests.len());
    for request in requests {
        let start = Instant::now();
        stream.get_mut().write_all(request)?;
        let response = response(&mut stream)?;
        times.push(start.elapsed());
        ensure!(
            response.status == 200,
            "{} {}",
            response.status,
            response.body
        );
    }
    times.sort_unstable();
    Ok(times)
}

/// Returns a request as bytes. `header` is a whole header line.
pub(crate) fn request(method: &str, path: &str, header: &str, body: &str) -> Vec<u8> {
    format!(
        "{method} {path} HTTP/1.1\r\nHost: localhost\r\n{header}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

fn connect(address: SocketAddr) -> Result<BufReader<TcpStream>> {
    let stream = TcpStream::connect(address).context("connecting to the server")?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(Duration::from_secs(RESPONSE_SECONDS_MAX)))?;
    Ok(BufReader::new(stream))
}

fn drive(mut streams: Vec<BufReader<TcpStream>>, requests: &[Vec<u8>]) -> Result<Vec<Response>> {
    let mut responses = Vec::with_capacity(requests.len());
    for round in requests.chunks(streams.len()) {
        for (stream, request) in streams.iter_mut().zip(round) {
            stream.get_mut().write_all(request)?;
        }
        for stream in streams.iter_mut().take(round.len()) {
            responses.push(response(stream)?);
        }
    }
    Ok(responses)
}

fn response(stream: &mut BufReader<TcpStream>) -> Result<Response> {
    let mut status = String::new();
    stream
        .read_line(&mut status)
        .context("waiting for a response")?;
    let status = status.split(' ').nth(1).and_then(|code| code.parse().ok());
    let mut length = Some(0);
    loop {
        let line = line(stream)?;
        let Some((name, value)) = line.split_once(':') else {
            break;
        };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = Some(value.trim().parse()?),
            "transfer-encoding" => length = None,
            _ => {}
        }
    }
    let body = match length {
        Some(length) => exactly(stream, length)?,
        None => chunked(stream)?,
    };
    Ok(Response {
        status: status.context("a response has no status")?,
        body: String::from_utf8(body)?,
    })
}

/// Reads a body in chunked transfer coding (RFC 9112 §7.1).
fn chunked(stream: &mut BufReader<TcpStream>) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let size =
            usize::from_str_radix(&line(stream)?, 16).context("a chunk has no valid size")?;
        body.extend(exactly(stream, size)?);
        line(stream)?;
        if size == 0 {
            return Ok(body);
        }
    }
}

fn line(stream: &mut BufReader<TcpStream>) -> Result<String> {
    let mut line = String::new();
    let read = stream.read_line(&mut line)?;
    ensure!(read > 0, "the server closed a connection");
    Ok(line.trim_end().to_owned())
}

fn exactly(stream: &mut BufReader<TcpStream>, length: usize) -> Result<Vec<u8>> {
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(body)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::TcpListener;

    /// Responds on one connection to each request with the status and the request's own body; every
    /// other body is chunked.
    fn echo(stream: TcpStream, status: &str) {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        let (mut length, mut responses) = (0, 0);
        while stream.read_line(&mut line).is_ok_and(|read| read > 0) {
            if let Some(value) = line.strip_prefix("Content-Length: ") {
                length = value.trim().parse().unwrap();
            }
            if line == "\r\n" {
                let mut body = vec![0; length];
                stream.read_exact(&mut body).unwrap();
                let body = String::from_utf8(body).unwrap();
                responses += 1;
                let rest = if responses % 2 == 0 {
                    format!("content-length: {length}\r\n\r\n{body}")
                } else {
                    format!("transfer-encoding: chunked\r\n\r\n{length:x}\r\n{body}\r\n0\r\n\r\n")
                };
                let response = format!("HTTP/1.1 {status}\r\n{rest}");
                stream.get_mut().write_all(response.as_bytes()).unwrap();
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
        assert!(error.to_string().contains("402"), "{error}");
    }
}
