#!/usr/bin/python3
# SPDX-License-Identifier: GPL-3.0-or-later
"""The SYN flood of bench.py, the service that it is aimed at, and the service's honest clients.

serve: answer on port 80 (run in the server's network namespace).
connect N ADDR SECONDS: N connections spread over the time; prints how many got their answer, and
    the median and the largest of their times in ms.
"""
import random, socket, struct, sys, time
from statistics import median

PORT = 80
PACKETS = 65536


def checksum(words):
    total = sum(words)
    total = (total & 0xffff) + (total >> 16)
    return ~(total + (total >> 16)) & 0xffff


def syn(source, destination, draw):
    """IPv4 and TCP of a SYN, with the option that every client sends."""
    address = [source >> 16, source & 0xffff, destination >> 16, destination & 0xffff]
    ip = [0x4500, 44, draw.getrandbits(16), 0x4000, 0x4006, 0] + address
    ip[5] = checksum(ip)
    tcp = [draw.randrange(1024, 65536), PORT, draw.getrandbits(16), draw.getrandbits(16), 0, 0,
           0x6002, 64240, 0, 0, 0x0204, 1460]
    tcp[8] = checksum(address + [6, 24] + tcp)
    return struct.pack(">22H", *ip, *tcp)


def write_trace(path, destination):
    """For `measure live`, which puts in ever new sources."""
    draw = random.Random(1)
    with open(path, "wb") as file:
        file.write(struct.pack("<4I", 0x62706674, PACKETS, 44, 512))
        for _ in range(PACKETS):
            file.write(syn(draw.getrandbits(24) | 12 << 24, destination, draw).ljust(64, b"\0"))
        file.write(bytes(512))


def serve():
    listener = socket.create_server(("", PORT), backlog=511)
    while True:
        connection, _ = listener.accept()
        try:
            connection.settimeout(2)
            connection.recv(100)
            connection.sendall(b"hello\n")
            connection.close()
        except OSError:
            pass


def connect(number, address, seconds):
    begun, times, done = time.monotonic(), [], 0
    for turn in range(number):
        time.sleep(max(0, begun + turn * seconds / number - time.monotonic()))
        at = time.monotonic()
        try:
            with socket.create_connection((address, PORT), timeout=3) as connection:
                connection.sendall(b"GET\n")
                done += connection.recv(100) == b"hello\n"
        except OSError:
            pass
        times.append((time.monotonic() - at) * 1000)
    print(done, f"{median(times):.2f} {max(times):.2f}")


if __name__ == "__main__":
    if sys.argv[1:] == ["serve"]:
        serve()
    elif len(sys.argv) == 5 and sys.argv[1] == "connect":
        connect(int(sys.argv[2]), sys.argv[3], float(sys.argv[4]))
    else:
        sys.exit(__doc__)
