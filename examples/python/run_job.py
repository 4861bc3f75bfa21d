"""Compresses a tree through peerpressd and tells what became of each file.   run_job.py SERVER TREE OUTPUT_DIR

SERVER is what gRPC takes, as unix:/run/peerpress/peerpressd.sock. Paths are absolute: the server opens them.
"""

import sys
import time
import uuid

import grpc
from google.rpc import error_details_pb2
from peerpress.v1 import job_service_pb2 as v1
from peerpress.v1 import job_service_pb2_grpc, types_pb2

# A second of patience, then two, four, ...: half a minute, which is more than a restart takes.
ATTEMPTS_MAX = 6
# What a call gets when its server is not there, or is just about to leave.
LOST = (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


def reason_of(status):
    """The stable name of what went wrong, and its message."""
    for detail in status.details:
        info = error_details_pb2.ErrorInfo()
        if detail.Unpack(info):
            return info.reason, status.message
    return "UNKNOWN", status.message


def events(jobs, name):
    """Every event of a job to its end. After a lost connection, or a restart of the server, it resumes where it was."""
    sequence = 0
    failures = 0
    while True:
        request = v1.WatchJobRequest(name=name, after_sequence=sequence, include_files=True)
        try:
            for event in jobs.WatchJob(request):
                sequence = event.sequence
                failures = 0
                yield event
            return
        except grpc.RpcError as error:
            failures += 1
            if error.code() not in LOST or failures == ATTEMPTS_MAX:
                raise
            time.sleep(2 ** (failures - 1))


def main(server, tree, output_dir):
    spec = v1.JobSpec(operation=types_pb2.OPERATION_COMPRESS, level=1, sources=[tree.encode()], recursive=True,
                      destination_dir=output_dir.encode())
    with grpc.insecure_channel(server) as channel:
        jobs = job_service_pb2_grpc.JobServiceStub(channel)
        # Sent again with the same request_id, a request whose answer was lost finds the job that it made.
        job = jobs.CreateJob(v1.CreateJobRequest(job=spec, request_id=str(uuid.uuid4())), timeout=30)
        for event in events(jobs, job.name):
            kind = event.WhichOneof("event")
            if kind == "snapshot":
                job = event.snapshot
            elif kind == "file" and event.file.HasField("error"):
                print(event.file.source.decode(errors="replace"), *reason_of(event.file.error), sep=": ")
            elif kind == "file":
                print(f"{event.file.source.decode(errors='replace')}: {event.file.bytes_in} -> {event.file.bytes_out}")
    print(f"{job.name}: {v1.JobState.Name(job.state)}, {job.progress.files_done} of {job.progress.files_total} files")
    return 0 if job.state == v1.JOB_STATE_SUCCEEDED else 1


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    sys.exit(main(*sys.argv[1:]))
