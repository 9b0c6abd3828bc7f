"""Packets of clients, as they come to a director whose servers answer them directly: nobody answers here."""
import socket, struct, sys, time

VIP = '10.0.0.100'
SOURCE = '10.0.0.9'
FLAGS = {'S': 0x02, 'A': 0x10, 'F': 0x11, 'R': 0x14}


def checksum(data):
    data += b'\0' * (len(data) % 2)
    total = sum(struct.unpack('!%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def tcp(port, to, flag):
    header = struct.pack('!HHIIBBHHH', port, to, 1, 1, 0x50, FLAGS[flag], 1024, 0, 0)
    pseudo = socket.inet_aton(SOURCE) + socket.inet_aton(VIP) + struct.pack('!BBH', 0, 6, len(header))
    return header[:16] + struct.pack('!H', checksum(pseudo + header)) + header[18:]


raw = socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_TCP)
raw.bind((SOURCE, 0))
base = int(sys.argv[1])
for port, to, flags in [
    (base + 1, 80, 'SAA'),  # established
    (base + 2, 80, 'SAAAA'),
    (base + 3, 80, 'SAAF'),  # closing
    (base + 4, 80, 'SAAR'),  # reset
    (base + 5, 443, 'SAA'),  # persistent
    (base + 6, 8080, 'SAA'),  # translated
]:
    for flag in flags:
        raw.sendto(tcp(port, to, flag), (VIP, 0))
        time.sleep(0.05)
for port, to in [(base + 7, 53)]:
    udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind((SOURCE, port))
    for _ in range(3):
        udp.sendto(b'x', (VIP, to))
        time.sleep(0.05)
