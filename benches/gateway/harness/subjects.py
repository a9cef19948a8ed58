"""The upstream, and what passes its answers on: nothing, nginx, a minimal proxy, the gateway."""

import contextlib
import os
import shutil
import socket
import tempfile
import urllib.error
import urllib.request
from pathlib import Path

from harness.processes import Broken, Process, wait_until

NGINX = """\
daemon off;
worker_processes 1;
pid {directory}/nginx.pid;
error_log stderr warn;
worker_rlimit_nofile {files};
events {{ worker_connections 32768; }}
http {{
    access_log off;
    client_body_temp_path {directory}/body;
    proxy_temp_path {directory}/proxy;
    fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi;
    scgi_temp_path {directory}/scgi;
    upstream warp {{ server 127.0.0.1:{upstream}; keepalive 256; }}
    server {{
        listen 127.0.0.1:{port};
        keepalive_requests 1000000000;
        location / {{
            proxy_pass http://warp;
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_buffering off;
        }}
    }}
}}
"""


class Bench:
    """Where everything is, and on which core it runs."""

    def __init__(self, cores, programs, gateway, work, files):
        self.cores, self.programs, self.gateway, self.work, self.files = cores, programs, gateway, work, files

    def of(self, gateway):
        """The same with another gateway."""
        return Bench(self.cores, self.programs, gateway, self.work, self.files)

    def log(self, name):
        return self.work / f"{name}.log"

    @contextlib.contextmanager
    def upstream(self):
        """Gives the port of a fast upstream."""
        with Process([self.programs / "upstream"], self.cores.upstream, self.log("upstream")) as process:
            yield int(process.line(10))

    @contextlib.contextmanager
    def direct(self, upstream):
        """No proxy at all."""
        yield Subject(None, upstream)

    @contextlib.contextmanager
    def nginx(self, upstream):
        if not shutil.which("nginx"):
            raise Broken("nginx is not installed")
        directory = Path(tempfile.mkdtemp(prefix="nginx-", dir=self.work))
        # Workers give up root's rights, and must still reach their directories.
        directory.chmod(0o755)
        port = free_port()
        configuration = directory / "nginx.conf"
        configuration.write_text(
            NGINX.format(directory=directory, upstream=upstream, port=port, files=self.files)
        )
        command = ["nginx", "-p", directory, "-c", configuration, "-e", "stderr"]
        with Process(command, self.cores.subject, self.log("nginx")) as process:
            wait_until(lambda: is_open(port), 10, "nginx does not listen")
            yield Subject(process, port)

    @contextlib.contextmanager
    def passthrough(self, upstream, protocol):
        command = [self.programs / "passthrough", upstream, protocol]
        with Process(command, self.cores.subject, self.log("passthrough")) as process:
            yield Subject(process, int(process.line(10)))

    @contextlib.contextmanager
    def warp2api(self, upstream, protocol, **environment):
        """The gateway as it is without settings, its bridge included, with an empty state."""
        home = Path(tempfile.mkdtemp(prefix="home-", dir=self.work))
        port = free_port()
        scheme = {"h1": "http", "h2": "h2c"}[protocol]
        command = [self.gateway, "serve", "--listen", f"127.0.0.1:{port}", "--bridge-listen", "127.0.0.1:0"]
        command += ["--upstream", f"{scheme}://127.0.0.1:{upstream}"]
        settings = {"WARP2API_HOME": str(home), "WARP2API_STATE_KEY": "file", "WARP_API_KEY": "wk-1.bench"}
        settings |= {"PATH": os.environ["PATH"], "HOME": str(home)} | environment
        with Process(command, self.cores.subject, self.log("gateway"), env=settings, cwd=home) as process:
            wait_until(lambda: answers(port, process), 30, "the gateway is not ready")
            yield Subject(process, port)
        shutil.rmtree(home, ignore_errors=True)


class Subject:
    """Something that is asked."""

    def __init__(self, process, port):
        self.process, self.port = process, port

    @property
    def target(self):
        return f"127.0.0.1:{self.port}"

    def cpu(self):
        return self.process.cpu() if self.process else 0.0


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def is_open(port):
    with contextlib.closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def answers(port, process):
    if process.process.poll() is not None:
        process.line(0)
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=5) as reply:
            return reply.status == 200
    except (urllib.error.URLError, OSError):
        return False
