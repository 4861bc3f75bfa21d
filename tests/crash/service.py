"""A peerpressd of the campaign's own: started, asked, killed."""

import os
import signal
import socket
import subprocess
import threading
import time
from pathlib import Path

import grpc
from peerpress.v1 import job_service_pb2 as v1
from peerpress.v1 import job_service_pb2_grpc, server_service_pb2 as server_v1, server_service_pb2_grpc, types_pb2

LISTENING_SECONDS_MAX = 2.0
START_SECONDS_MAX = 60.0
OPERATIONS = {"compress": types_pb2.OPERATION_COMPRESS, "decompress": types_pb2.OPERATION_DECOMPRESS,
              "copy": types_pb2.OPERATION_COPY}


class Died(Exception):
    """The service is no longer there; whether it did what it was asked is not known."""


def spec_of(job):
    spec = v1.JobSpec(operation=OPERATIONS[job.operation], sources=[bytes(path) for path in job.sources],
                      recursive=job.recursive, overwrite=job.overwrite, remove_sources=job.remove_sources,
                      level=job.level)
    if job.destination:
        spec.destination = bytes(job.destination)
    if job.destination_dir:
        spec.destination_dir = bytes(job.destination_dir)
    if job.verify_full:
        spec.verify = types_pb2.VERIFY_FULL
    return spec


class Service:
    def __init__(self, command, state, work, settings=()):
        """`command` is the program and what stands before peerpressd's own options."""
        self.state = Path(state)
        self.work = Path(work)
        self.socket = self.work / "socket"
        self.command = [*map(str, command), "--config", "/dev/null", "--socket", str(self.socket), "--state-dir",
                        str(self.state), "--set", "codec.threads=1", "--set", "staging.slots=6", "--set",
                        "transform.slots=2", "--set", "transform.running_max=2", "--set", "jobs.drain_seconds=20"]
        for setting in settings:
            self.command += ["--set", setting]
        self.process = None
        self.channel = None
        self.worst_seconds = 0.0  # of a start, to the first answer
        self.late_seconds = None  # where one took too long

    def start(self, kill_after=None):
        """Returns once it answers. Died where it ended before that, as where it is killed after so many seconds."""
        began = time.monotonic()
        with open(self.work / "log", "ab") as log, open(self.work / "said", "ab") as said:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=said, stderr=log)
        if kill_after is not None:
            killer = threading.Timer(kill_after, self.process.kill)
            killer.daemon = True
            killer.start()
        self.wait_for_socket(began)
        while not self.connect():
            if not self.alive() or time.monotonic() > began + START_SECONDS_MAX:
                raise Died
        seconds = time.monotonic() - began
        self.worst_seconds = max(self.worst_seconds, seconds)
        # A machine that does other work besides says nothing about the service.
        if seconds > LISTENING_SECONDS_MAX and os.getloadavg()[0] < 2 * os.cpu_count():
            self.late_seconds = seconds

    def connect(self):
        if self.channel is not None:
            self.channel.close()
        self.channel = grpc.insecure_channel(f"unix:{self.socket}", options=[("grpc.use_local_subchannel_pool", 1)])
        self.jobs = job_service_pb2_grpc.JobServiceStub(self.channel)
        server = server_service_pb2_grpc.ServerServiceStub(self.channel)
        try:
            self.call(server.GetServerInfo, server_v1.GetServerInfoRequest())
            return True
        except Died:
            return False

    def wait_for_socket(self, began):
        while time.monotonic() < began + START_SECONDS_MAX:
            if not self.alive():
                raise Died
            try:
                with socket.socket(socket.AF_UNIX) as attempt:
                    attempt.connect(str(self.socket))
                return
            except OSError:
                time.sleep(0.002)
        raise TimeoutError(f"it does not listen; see {self.work}/log")

    def alive(self):
        return self.process is not None and self.process.poll() is None

    def call(self, method, request, timeout=20.0):
        try:
            return method(request, timeout=timeout)
        except grpc.RpcError as error:
            if error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED):
                raise Died from error
            raise

    def create(self, job):
        """The job's name. The same for every repetition."""
        request = v1.CreateJobRequest(job=spec_of(job), request_id=job.request_id)
        return self.call(self.jobs.CreateJob, request).name

    def cancel(self, name):
        self.call(self.jobs.CancelJob, v1.CancelJobRequest(name=name))

    def look(self, name):
        """(state, end time in microseconds or None)."""
        job = self.call(self.jobs.GetJob, v1.GetJobRequest(name=name))
        state = v1.JobState.Name(job.state).removeprefix("JOB_STATE_")
        return state, job.end_time.ToMicroseconds() if job.HasField("end_time") else None

    def kill(self, signal_number=signal.SIGKILL, patience=60.0):
        """Ends it, and gives its exit status."""
        if self.channel is not None:
            self.channel.close()
            self.channel = None
        if self.alive():
            os.kill(self.process.pid, signal_number)
        try:
            return self.process.wait(patience)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise

    def close(self):
        if self.process is not None:
            self.kill()
