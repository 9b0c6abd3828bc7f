# Tells scenarios to the real ip_vs (scenario.ts says what they mean) and writes its answers: a line for each scenario, fields
# and answers with tabs between them.
#
#   ip netns exec client answer.py SCENARIOS ANSWERS
#
# answer.sh has joined the network namespaces client and director by a cable. Packets are made here, so that clients may have
# any address; servers are neighbours that nobody plays, because direct routing needs no answer.
import os, socket, struct, subprocess, sys, time

SYN, ACK, FIN, RST = 0x02, 0x10, 0x01, 0x04

scenarios, answers, *inherited = sys.argv[1:]
if not inherited:
    # A socket stays in the namespace where it was made.
    with socket.socket(socket.AF_INET, socket.SOCK_RAW, socket.IPPROTO_RAW) as made:
        made.set_inheritable(True)
        again = [sys.executable, sys.argv[0], scenarios, answers, str(made.fileno())]
        os.execvp('ip', ['ip', 'netns', 'exec', 'director', *again])
raw = socket.socket(fileno=int(inherited[0]))


def ipvsadm(*arguments):
    subprocess.run(['ipvsadm', *map(str, arguments)], check=True)


def segment(connection, flags):
    source, port, target, target_port = connection
    header = struct.pack('!BBHHHBBH4s4s', 0x45, 0, 40, 0, 0, 64, 6, 0, socket.inet_aton(source), socket.inet_aton(target))
    tcp = struct.pack('!HHIIBBHHH', port, target_port, 1, 1, 0x50, flags, 8192, 0, 0)
    raw.sendto(header + tcp, (target, 0))


def listed(mine):
    found = {}
    dotted = lambda word: '.'.join(str(byte) for byte in bytes.fromhex(word))
    with open('/proc/net/ip_vs_conn') as table:
        for line in table.readlines()[1:]:
            # The virtual port tells whose it is; taking lines apart is slow where the processor is emulated.
            if line[27:31] != f'{mine:04X}':
                continue
            _, source, port, target, target_port, server, *_ = line.split()
            found[dotted(source), int(port, 16), dotted(target), int(target_port, 16)] = int(server[6:], 16)
    return found


def settled(port, wanted):
    # Packets are handed over in order; what the last one did is there a moment later.
    before = None
    for _ in range(100):
        time.sleep(0.05)
        now = listed(port)
        if now == before and wanted(now):
            return now
        before = now
    raise SystemExit('the connection table does not settle')


def tell(address, port, *steps):
    marked = address == 'marked'
    port = int(port)
    where = ['-f', port] if marked else ['-t', f'10.1.0.{address}:{port}']
    if marked:
        rule = f'tcp dport {port} meta mark set {port}'
        subprocess.run(['nft', 'add', 'rule', 'ip', 'marks', 'prerouting', *rule.split()], check=True)
    there, opened, answers = False, 0, []
    held = []
    for text in steps:
        verb, *words = text.split()
        if verb == 'scheduler':
            flags = ['-b', words[1]] if len(words) > 1 else []
            ipvsadm('-E' if there else '-A', *where, '-s', words[0], *flags)
            there = True
        elif verb in ('add', 'edit'):
            number, weight, upper, lower = (words + ['0', '0'])[:4]
            server = f'10.1.1.{number}' if marked else f'10.1.1.{number}:{port}'
            ipvsadm('-a' if verb == 'add' else '-e', *where, '-r', server, '-g', '-w', weight, '-x', upper, '-y', lower)
        elif verb == 'remove':
            ipvsadm('-d', *where, '-r', f'10.1.1.{words[0]}' if marked else f'10.1.1.{words[0]}:{port}')
        elif verb in ('open', 'same'):
            connections = []
            for _ in range(int(words[0])):
                k = opened
                opened += 1
                source = '10.2.0.9' if verb == 'same' else f'10.2.{(k * 37) & 255}.{(k * 11) & 255}'
                target = f'10.3.0.{(k * k) % 7}' if marked else f'10.1.0.{address}'
                connections.append((source, 10000 + k, target, port))
            for connection in connections:
                segment(connection, SYN)
                segment(connection, ACK)
            table = settled(port, lambda _: True)
            held += [connection for connection in connections if connection in table]
            answers.append(' '.join(str(table.get(connection, '-')) for connection in connections))
        elif verb in ('idle', 'close'):
            leaving, held = held[: int(words[0])], held[int(words[0]) :]
            if verb == 'close':
                ipvsadm('--set', 0, 1, 0)
            for connection in leaving:
                segment(connection, FIN | ACK)
            if verb == 'close':
                settled(port, lambda table: not any(connection in table for connection in leaving))
                ipvsadm('--set', 0, 120, 0)
            else:
                time.sleep(0.2)
        else:
            raise SystemExit(f'unknown step {text}')
    for connection in held:
        segment(connection, RST)
    ipvsadm('-C')
    return answers


with open(scenarios) as told, open(answers, 'w') as file:
    for line in told:
        print(line.split('\t')[1], flush=True)
        file.write('\t'.join(tell(*line.rstrip('\n').split('\t'))) + '\n')
