"""A standalone cluster of Spark's own on this machine: a master and workers, each a process.

It is a real cluster, with executors in processes of their own that are reached over the network,
if only over loopback. It shows that a run is distributed, not that it is faster.
"""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyspark

from orchestration.cluster.session import JAVA_OPTIONS, ON_THIS_MACHINE
from orchestration.errors import ExplainedError

LOOPBACK = "127.0.0.1"
WORKERS = 2
_HOME = Path(pyspark.__file__).parent
_WAIT_SECONDS = 90
# the shell reads a pipe that nobody writes to: it closes when this process ends, however it ends
_ENDS_WITH_ITS_STARTER = '"$@" & read nothing; kill $!; wait'
# what a session needs in order to use such a cluster: one executor on each worker
SESSION = {
    **ON_THIS_MACHINE,
    "spark.driver.host": LOOPBACK,
    "spark.driver.bindAddress": LOOPBACK,
    "spark.executor.memory": "1g",
    "spark.executor.extraJavaOptions": JAVA_OPTIONS,
    "spark.executor.cores": "1",
    "spark.cores.max": str(WORKERS),
    "spark.scheduler.minRegisteredResourcesRatio": "1.0",
}


class ClusterError(ExplainedError):
    """The cluster on this machine did not start. The message says where its log is."""


@contextmanager
def standalone_cluster(folder: Path) -> Iterator[str]:
    """A master and two workers of one core each, with their logs in `folder`; the master's address.

    They end with the block.
    """
    folder.mkdir(parents=True, exist_ok=True)
    port, pages = _free_ports(2)
    master = f"spark://{LOOPBACK}:{port}"
    with ExitStack() as processes:
        processes.enter_context(
            _daemon(
                folder / "master",
                "org.apache.spark.deploy.master.Master",
                *("--host", LOOPBACK, "--port", str(port), "--webui-port", str(pages)),
            )
        )
        for number in range(1, WORKERS + 1):
            work = folder / f"worker-{number}"
            processes.enter_context(
                _daemon(
                    work,
                    "org.apache.spark.deploy.worker.Worker",
                    *("--host", LOOPBACK, "--webui-port", "0", "--work-dir", str(work)),
                    *("--cores", "1", "--memory", "1536m", master),
                )
            )
        _wait_for_workers(f"http://{LOOPBACK}:{pages}/json/", folder)
        yield master


@contextmanager
def _daemon(folder: Path, *command: str) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    environment = os.environ | {
        "SPARK_HOME": str(_HOME),
        "SPARK_LOCAL_IP": LOOPBACK,
        "SPARK_LOCAL_DIRS": str(folder),
        "SPARK_DAEMON_MEMORY": "256m",
    }
    with open(folder / "daemon.log", "wb") as log:
        process = subprocess.Popen(
            [
                "sh",
                "-c",
                _ENDS_WITH_ITS_STARTER,
                "sh",
                str(_HOME / "bin" / "spark-class"),
                *command,
            ],
            env=environment,
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=subprocess.STDOUT,
        )
        try:
            yield
        finally:
            process.communicate()  # closes the pipe, and waits


def _wait_for_workers(address: str, folder: Path) -> None:
    deadline = time.monotonic() + _WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(address, timeout=5) as answer:
                if json.load(answer)["aliveworkers"] >= WORKERS:
                    return
        except (OSError, ValueError, KeyError):
            pass  # the master has not opened its pages yet
        time.sleep(0.3)
    raise ClusterError(
        f"Spark's master did not have {WORKERS} workers after {_WAIT_SECONDS} s; "
        f"its log and theirs are {folder}/*/daemon.log."
    )


def _free_ports(count: int) -> list[int]:
    with ExitStack() as sockets:
        opened = [sockets.enter_context(socket.socket()) for _ in range(count)]
        for one in opened:
            one.bind((LOOPBACK, 0))
        return [one.getsockname()[1] for one in opened]
