# SPDX-License-Identifier: GPL-3.0-or-later
"""Idle connections under attack.

hold SERVER4 SERVER6 CLIENT4 CLIENT6 N: run on the server; opens N connections to port 7000 of the
    client, over both families in turn, and prints on each line of input how many got a byte since.
peer: run on the client; accepts on port 7000, and sends a byte on each at a line of input.
rst: on the client; a blind RST for each connection to port 7000 (from ss), wrong sequence number.
forge SECONDS MAC SERVER SOURCE: SYNs to port 80 in the name of one source, ports at random.
flood SECONDS MAC SERVER4 SERVER6: SYNs to port 8080 and UDP to port 7001 from ever new sources.
"""
import errno, os, random, select, selectors, socket, struct, subprocess, sys, time

def checksum(data):
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    total = (total >> 16) + (total & 0xffff)
    return ~(total + (total >> 16)) & 0xffff

def frame(mac, src, dst, proto, l4, at):
    """An Ethernet frame; the checksum of layer 4 goes to offset at."""
    pseudo = src + dst + struct.pack("!HH", proto, len(l4))
    l4 = l4[:at] + struct.pack("!H", checksum(pseudo + l4)) + l4[at + 2:]
    if len(src) == 4:
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(l4), 0, 0, 64, proto, 0) + src + dst
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    else:
        ip = struct.pack("!IHBB", 6 << 28, len(l4), proto, 64) + src + dst
    return mac + bytes.fromhex("020000000002") + struct.pack("!H", 0x800 if len(src) == 4 else 0x86dd) + ip + l4

def tcp(sport, dport, seq, flags):
    return struct.pack("!HHIIBBHHH", sport, dport, seq, 0, 0x50, flags, 1000, 0, 0)

class Sender(socket.socket):
    """Frames out of c0; while the queue behind it is full it waits, as a blocking socket should."""
    def __init__(self):
        super().__init__(socket.AF_PACKET, socket.SOCK_RAW)
        self.bind(("c0", 0))

    def send(self, data):
        while True:
            try:
                return super().send(data)
            except OSError as e:
                if e.errno != errno.ENOBUFS:
                    raise
                time.sleep(0.001)

def address(text):
    return socket.inet_pton(socket.AF_INET6 if ":" in text else socket.AF_INET, text)

def mac_of(text):
    return bytes.fromhex(text.replace(":", ""))

def hold(server4, server6, client4, client6, n):
    socks = []
    for i in range(int(n)):
        socks.append(socket.create_connection((client6 if i & 1 else client4, 7000), timeout=2))
    print("open", len(socks), flush=True)
    for _ in sys.stdin:
        time.sleep(0.5)
        got = 0
        for s in socks:
            s.setblocking(False)
            try:
                got += len(s.recv(100)) > 0
            except OSError:
                pass
        print("got", got, flush=True)

def peer():
    listener = socket.create_server(("::", 7000), family=socket.AF_INET6, backlog=2048, dualstack_ipv6=True)
    listener.setblocking(False)
    conns = []
    while True:
        ready = select.select([listener, sys.stdin], [], [])[0]
        if listener in ready:
            conns.append(listener.accept()[0])
        if sys.stdin in ready:
            if not sys.stdin.readline():
                return
            for c in conns:
                c.send(b"x")
            print("sent", len(conns), flush=True)

def rst(mac):
    s, n = Sender(), 0
    for line in subprocess.run(["ss", "-Htn", "state", "established", "sport", "= :7000"],
                               capture_output=True, text=True).stdout.splitlines():
        local, remote = line.split()[2:4]
        (src, sport), (dst, dport) = (a.replace("[", "").replace("]", "").rsplit(":", 1) for a in (local, remote))
        src, dst = (a.removeprefix("::ffff:") for a in (src, dst))
        s.send(frame(mac_of(mac), address(src), address(dst), 6,
                     tcp(int(sport), int(dport), random.getrandbits(32), 4), 16))
        n += 1
    print(n)

def flood(seconds, mac, server4, server6):
    s, mac, n = Sender(), mac_of(mac), 0
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        for _ in range(200):
            r = random.getrandbits(64)
            src, dst = (struct.pack("!I", 0x0a000000 | r & 0xffffff), address(server4)) if n & 2 else \
                (struct.pack("!QQ", 0x20010db800090000 | r & 0xffff, r), address(server6))
            port = 1024 + (r >> 40) % 60000
            if n & 1:
                s.send(frame(mac, src, dst, 6, tcp(port, 8080, r & 0xffffffff, 2), 16))
            else:
                s.send(frame(mac, src, dst, 17, struct.pack("!HHHH", port, 7001, 9, 0) + b"x", 6))
            n += 1
    print(n)

def forge(seconds, mac, server, source):
    s, n = Sender(), 0
    mac, server, source = mac_of(mac), address(server), address(source)
    end = time.monotonic() + float(seconds)
    while time.monotonic() < end:
        for _ in range(100):
            r = random.getrandbits(32)
            s.send(frame(mac, source, server, 6, tcp(1024 + r % 64000, 80, r, 2), 16))
            n += 1
    print(n)

globals()[sys.argv[1]](*sys.argv[2:])
