"""Sends standard input through peerpressd and writes what comes back.   transform.py SERVER compress|decompress

For clients that share no file system with the server: SERVER may be host:port, too.
"""

import sys
import zlib

import grpc
from peerpress.v1 import transform_service_pb2 as v1
from peerpress.v1 import transform_service_pb2_grpc, types_pb2

OPERATIONS = {"compress": types_pb2.OPERATION_COMPRESS, "decompress": types_pb2.OPERATION_DECOMPRESS}
DATA_BYTES = 512 * 1024  # at most max_data_bytes of the answer to open, which is 1 MiB


def requests(operation, source):
    """gRPC takes these from a thread of its own, so that we read while we write: else both ends would stall."""
    yield v1.TransformRequest(open=v1.TransformOpen(operation=operation, level=1))
    crc32 = count = 0
    while data := source.read(DATA_BYTES):
        crc32 = zlib.crc32(data, crc32)
        count += len(data)
        yield v1.TransformRequest(data=data)
    # The server compares: what was damaged on its way is refused (CHECKSUM_MISMATCH).
    yield v1.TransformRequest(finish=v1.TransformFinish(bytes=count, crc32=crc32))


def main(server, operation):
    crc32 = count = 0
    summary = None
    with grpc.insecure_channel(server) as channel:
        stub = transform_service_pb2_grpc.TransformServiceStub(channel)
        for response in stub.Transform(requests(OPERATIONS[operation], sys.stdin.buffer)):
            if response.HasField("summary"):
                summary = response.summary
            elif response.data:
                crc32 = zlib.crc32(response.data, crc32)
                count += len(response.data)
                sys.stdout.buffer.write(response.data)
    if summary is None or (summary.bytes, summary.crc32) != (count, crc32):
        sys.exit("transform: what came is not what was sent")


if __name__ == "__main__":
    if len(sys.argv) != 3 or sys.argv[2] not in OPERATIONS:
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except grpc.RpcError as error:
        sys.exit(f"transform: {error.details()}")
