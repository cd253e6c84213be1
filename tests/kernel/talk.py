# SPDX-License-Identifier: GPL-3.0-or-later
"""echo PORT: answers on TCP and UDP, both families.
talk ADDR PORT tcp|udp FILE: asks every 20 ms and counts the answers in FILE; at the first second
    without one it writes `cut` there and ends.
idle ADDR PORT tcp|udp FILE: connects, and asks only when FILE is there.
ask ADDR PORT tcp|udp: one question; the exit code tells whether it was answered in half a second."""
import os, selectors, socket, sys, time

def echo(port):
    sel = selectors.DefaultSelector()
    tcp = socket.create_server(("::", int(port)), family=socket.AF_INET6, backlog=4096, dualstack_ipv6=True)
    udp = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    udp.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    udp.bind(("::", int(port)))
    for s in (tcp, udp):
        sel.register(s, selectors.EVENT_READ)
    while True:
        for key, _ in sel.select():
            s = key.fileobj
            try:
                if s is tcp:
                    sel.register(s.accept()[0], selectors.EVENT_READ)
                elif s is udp:
                    data, who = s.recvfrom(2000)
                    s.sendto(data, who)
                else:
                    data = s.recv(2000)
                    if not data:
                        sel.unregister(s)
                        s.close()
                    else:
                        s.send(data)
            except OSError:
                pass

def connect(addr, port, proto, seconds):
    s = socket.socket(socket.AF_INET6 if ":" in addr else socket.AF_INET,
                      socket.SOCK_STREAM if proto == "tcp" else socket.SOCK_DGRAM)
    s.settimeout(seconds)
    s.connect((addr, int(port)))
    return s

def note(path, text):
    with open(path + ".new", "w") as f:
        f.write(text)
    os.rename(path + ".new", path)

def talk(addr, port, proto, path):
    s, n = connect(addr, port, proto, 1), 0
    try:
        while True:
            s.send(b"x")
            s.recv(100)
            n += 1
            note(path, str(n))
            time.sleep(0.02)
    except OSError:
        note(path, "cut")

def ask(addr, port, proto):
    s = connect(addr, port, proto, 0.5)
    s.send(b"x")
    s.recv(100)

def idle(addr, port, proto, path):
    s = connect(addr, port, proto, 2)
    while not os.path.exists(path):
        time.sleep(0.05)
    s.send(b"x")
    s.recv(100)

globals()[sys.argv[1]](*sys.argv[2:])
