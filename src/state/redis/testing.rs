//! A real Redis or Valkey server for one test, on a port of its own. The tests of the package and those beside it share
//! this file.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

/// How long a server may take to answer.
const PATIENCE: Duration = Duration::from_secs(20);

/// A server. It ends, by force, when it is dropped.
pub(crate) struct RedisServer {
    process: Child,
    pub(crate) port: u16,
    options: Vec<String>,
}

impl RedisServer {
    /// A server that keeps nothing on a disk, started with further `options`. None where none is installed, which is
    /// said.
    pub(crate) fn start(options: &[&str]) -> Option<Self> {
        let Some(program) = program() else {
            // Past the capture of what tests print, so that it is seen although the test passes.
            drop(writeln!(std::io::stderr(), "skipped: neither redis-server nor valkey-server is installed"));
            return None;
        };
        let options: Vec<String> = options.iter().map(|&option| option.to_owned()).collect();
        // Whoever asks for a free port next may be faster.
        for _ in 0..10 {
            let free = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let mut process = spawn(program, free, &options);
            if is_up(&mut process, free) {
                return Some(Self { process, port: free, options });
            }
            end(&mut process);
        }
        panic!("no server could be started");
    }

    /// The address for `--state`.
    pub(crate) fn address(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Ends the server at once. What it had is gone.
    pub(crate) fn kill(&mut self) {
        end(&mut self.process);
    }

    /// Lets the server do nothing until [`RedisServer::wake`].
    pub(crate) fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets a frozen server go on.
    pub(crate) fn wake(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(sent.is_ok_and(|status| status.success()), "it cannot be sent {signal}");
    }

    /// Starts it again where it was, with nothing in it.
    pub(crate) fn restart(&mut self) {
        self.kill();
        let deadline = Instant::now() + PATIENCE;
        loop {
            self.process = spawn(program().unwrap(), self.port, &self.options);
            if is_up(&mut self.process, self.port) {
                return;
            }
            end(&mut self.process);
            assert!(Instant::now() < deadline, "the server does not start again");
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.kill();
    }
}

fn program() -> Option<&'static str> {
    let runs = |program: &&str| {
        let asked = Command::new(program).arg("--version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        asked.is_ok_and(|status| status.success())
    };
    ["redis-server", "valkey-server"].into_iter().find(runs)
}

fn spawn(program: &str, port: u16, options: &[String]) -> Child {
    let port = port.to_string();
    let fixed = ["--port", &port, "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", "--dir", "/tmp"];
    let mut command = Command::new(program);
    command.args(fixed).args(options).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap()
}

/// Waits until the server on `port` answers. False when `process` has ended, for another has the port.
fn is_up(process: &mut Child, port: u16) -> bool {
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        if process.try_wait().unwrap().is_some() {
            return false;
        }
        if answers(port) {
            return true;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    false
}

/// True when it answers anything, were it only that one must sign in.
fn answers(port: u16) -> bool {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
    let Ok(mut stream) = TcpStream::connect_timeout(&address, Duration::from_millis(200)) else { return false };
    let mut line = String::new();
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    stream.write_all(b"PING\r\n").is_ok()
        && BufReader::new(stream.take(200)).read_line(&mut line).is_ok()
        && (line.starts_with("+PONG") || line.starts_with("-NOAUTH"))
}

fn end(process: &mut Child) {
    // It may have ended by itself.
    drop(process.kill());
    drop(process.wait());
}
