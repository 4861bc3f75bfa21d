"""One bad client of the overload campaign, or its bystander: a program, so that it can be another user's.

overload_client.py PART SOCKET COUNT [FILE]; prints one line of JSON, and holds what it holds until its input ends.
"""

import json
import os
import sys
import time

import grpc
from peerpress.v1 import job_service_pb2 as v1
from peerpress.v1 import job_service_pb2_grpc, server_service_pb2 as server_v1, transform_service_pb2 as transform_v1
from peerpress.v1 import types_pb2

import raw_http2

CREATE = raw_http2.headers_of("/peerpress.v1.JobService/CreateJob")
IN_FLIGHT_MAX = 32


def spec(source, **more):
    return v1.JobSpec(operation=types_pb2.OPERATION_TEST, sources=[source], **more)


def submits(socket, count, file):
    """So many requests, over four connections, as fast as they are answered."""
    body = raw_http2.message_of(v1.CreateJobRequest(job=spec(file.encode())))
    share = count // 4
    connections = [raw_http2.Connection(socket) for _ in range(4)]
    sent = [0] * 4
    answered = [0] * 4
    while sum(answered) < 4 * share:
        for index, connection in enumerate(connections):
            more = min(IN_FLIGHT_MAX - (sent[index] - answered[index]), share - sent[index])
            if more > 0:
                connection.send(b"".join(connection.request(CREATE, body) for _ in range(more)))
                sent[index] += more
        for index, connection in enumerate(connections):
            if answered[index] < share:
                answered[index] += connection.ended()
    return {"answered": sum(answered)}


def connections(socket, count, _):
    """So many connections that say hello and nothing more; and how many of them the service keeps."""
    held = []
    for _ in range(count):
        try:
            held.append(raw_http2.Connection(socket, window=0))
        except OSError:
            pass
    time.sleep(0.5)
    kept = 0
    for connection in held:
        try:
            connection.ended()
            kept += 1
        except OSError:
            pass
    return {"tried": count, "kept": kept}, held


def readers(socket, count, _):
    """Streams that are asked for and never read, and streams that are begun and never go on."""
    stats = raw_http2.message_of(server_v1.WatchStatsRequest())
    opened = raw_http2.message_of(transform_v1.TransformRequest(
        open=transform_v1.TransformOpen(operation=types_pb2.OPERATION_COMPRESS)))
    held = []
    for _ in range(4):
        connection = raw_http2.Connection(socket, window=0)
        for _ in range(count // 4):
            connection.send(connection.request(raw_http2.headers_of("/peerpress.v1.ServerService/WatchStats"), stats))
        held.append(connection)
    stopped = raw_http2.Connection(socket)
    for _ in range(8):
        stream = stopped.next_stream
        stopped.next_stream += 2
        head = raw_http2.headers_of("/peerpress.v1.TransformService/Transform")
        stopped.send(raw_http2.frame(raw_http2.HEADERS, raw_http2.END_HEADERS, stream, head)
                     + raw_http2.frame(raw_http2.DATA, 0, stream, opened))
    held.append(stopped)
    return {"streams": count}, held


def resets(socket, count, _):
    """Requests that are taken back before they can be answered."""
    sent = 0
    lost = 0
    while sent < count:
        connection = raw_http2.Connection(socket)
        try:
            while sent < count:
                connection.send(b"".join(connection.request(CREATE, b"", reset=True) for _ in range(64)))
                sent += 64
        except OSError:
            lost += 1
        connection.close()
    return {"resets": sent, "connections_lost": lost}


def cancels(socket, count, file):
    """Jobs that are cancelled as soon as they are there, and calls that are."""
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        jobs = job_service_pb2_grpc.JobServiceStub(channel)
        seen = {}
        for index in range(count):
            try:
                job = jobs.CreateJob(v1.CreateJobRequest(job=spec(file.encode())), timeout=20, wait_for_ready=True)
                jobs.CancelJob(v1.CancelJobRequest(name=job.name), timeout=20, wait_for_ready=True)
                watch = jobs.WatchJob(v1.WatchJobRequest(name=job.name))
                watch.cancel()
                code = "OK"
            except grpc.RpcError as error:
                code = error.code().name
            seen[code] = seen.get(code, 0) + 1
    return {"cancelled": seen}


def names(socket, count, _):
    """Names that no file has, and bytes that are no text. Each is refused; with what is counted."""
    hostile = [b"/" + b"a" * (4 << 20), b"/" + b"a" * (3 << 20), b"/a" * 3000, b"relative", b"", b"/a\0b",
               b"/\x1b[2J\r\nforged line", b"/\xff\xfe\xc0\x80"]
    seen = {}

    def note(call):
        try:
            call()
            code = "OK"
        except grpc.RpcError as error:
            code = error.code().name
        seen[code] = seen.get(code, 0) + 1

    with grpc.insecure_channel(f"unix:{socket}") as channel:
        jobs = job_service_pb2_grpc.JobServiceStub(channel)
        raw = channel.unary_unary("/peerpress.v1.JobService/GetJob")
        for index in range(count):
            source = hostile[index % len(hostile)]
            note(lambda s=source: jobs.CreateJob(v1.CreateJobRequest(job=spec(s), validate_only=True), timeout=20, wait_for_ready=True))
            # A string that is not UTF-8, and a message that is none.
            note(lambda: raw(b"\x0a\x04\xff\xfe\xfd\xfc", timeout=20, wait_for_ready=True))
            note(lambda: raw(b"\xff" * 100, timeout=20, wait_for_ready=True))
    return {"names": seen}


def bystander(socket, count, file):
    """A caller of another user: asks again and again, and has small jobs done. How long each answer took."""
    seconds = []
    done = 0
    refused = 0
    with grpc.insecure_channel(f"unix:{socket}") as channel:
        jobs = job_service_pb2_grpc.JobServiceStub(channel)
        began = time.monotonic()
        while time.monotonic() - began < count:
            try:
                at = time.monotonic()
                job = jobs.CreateJob(v1.CreateJobRequest(job=spec(file.encode(), priority=1)), timeout=20, wait_for_ready=True)
                seconds.append(time.monotonic() - at)
                while job.state in (v1.JOB_STATE_QUEUED, v1.JOB_STATE_RUNNING):
                    time.sleep(0.01)
                    at = time.monotonic()
                    job = jobs.GetJob(v1.GetJobRequest(name=job.name), timeout=20, wait_for_ready=True)
                    seconds.append(time.monotonic() - at)
                done += job.state == v1.JOB_STATE_SUCCEEDED
            except grpc.RpcError:
                refused += 1
            time.sleep(0.01)
    seconds.sort()
    at = lambda share: seconds[min(len(seconds) - 1, int(len(seconds) * share))] if seconds else None
    return {"calls": len(seconds), "jobs": done, "refused": refused, "p50": at(0.5), "p99": at(0.99)}


def main():
    part, socket, count = sys.argv[1], sys.argv[2], int(sys.argv[3])
    file = sys.argv[4] if len(sys.argv) > 4 else ""
    found = {"submits": submits, "connections": connections, "readers": readers, "resets": resets, "cancels": cancels,
             "names": names, "bystander": bystander}[part](socket, count, file)
    report, held = found if isinstance(found, tuple) else (found, None)
    print(json.dumps(report), flush=True)
    if held:
        sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main()
