import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryTable } from '../../balancer/memory-table.ts'
import { ip } from '../../bytes/address.ts'
import type { ListedConnection, ServiceTable } from '../../model/virtual-service.ts'
import type { Io } from './io.ts'
import { ipvsadm } from './ipvsadm.ts'
import { ipvsadmRestore, ipvsadmSave } from './scripts.ts'
import { ServiceNames } from './service-names.ts'

interface Recorded extends Io {
  out: string
  err: string
}

function recorded(stdin: readonly (string | Uint8Array)[] = []): Recorded {
  const io: Recorded = {
    out: '',
    err: '',
    stdin: (async function* () {
      yield* stdin
    })(),
    stdout: text => {
      io.out += text
    },
    stderr: text => {
      io.err += text
    },
    names: { addressOf: async () => undefined, hostOf: async () => undefined, services: new ServiceNames('') },
  }
  return io
}

async function output(
  line: string,
  table: ServiceTable,
  stdin: readonly (string | Uint8Array)[] = [],
): Promise<string> {
  const io = recorded(stdin)
  const status = await ipvsadm(line.split(' '), io, () => table)
  assert.deepEqual({ status, err: io.err }, { status: 0, err: '' })
  return io.out
}

async function exampleTable(): Promise<MemoryTable> {
  const table = new MemoryTable({ interfaces: new Map([['d0', 1500]]) })
  const rules = [
    '-A -t 10.0.0.1:80 -s sh -b sh-port -p 600 -M 255.255.255.0',
    '-a -t 10.0.0.1:80 -r 172.16.0.2:8080 -m -w 3 -x 100 -y 50',
    '-a -t 10.0.0.1:80 -r 172.16.0.1:80 -i --tun-type gue --tun-port 6080 --tun-csum',
    '-A -f 7 -6 -s rr',
  ]
  await output('-R', table, [rules.join('\n')])
  return table
}

test('-L --json has what every form of -L shows', async () => {
  const table = await exampleTable()
  const web = { kind: 'address', protocol: 'TCP', address: ip('10.0.0.1'), port: 80 } as const
  table.observe(web, {
    counters: { connections: 2n ** 60n + 1n, inPackets: 2n, outPackets: 3n, inBytes: 4n, outBytes: 5n },
  })
  const none = { connections: 0, inPackets: 0, outPackets: 0, inBytes: 0, outBytes: 0 }
  const idle = { activeConnections: 0, inactiveConnections: 0, persistentConnections: 0, counters: none, rates: none }
  const text = await output('-L --json', table)
  assert.match(text, /"connections":1152921504606846977,/)
  assert.deepEqual(JSON.parse(text), {
    version: '1.2.1',
    connectionTableSize: 4096,
    services: [
      {
        protocol: 'TCP',
        address: '10.0.0.1',
        port: 80,
        family: 4,
        scheduler: 'sh',
        schedulerFlags: ['flag-2'],
        onePacket: false,
        persistence: { timeoutS: 600, prefix: 24 },
        persistenceEngine: null,
        counters: { connections: 2 ** 60, inPackets: 2, outPackets: 3, inBytes: 4, outBytes: 5 },
        rates: none,
        servers: [
          {
            address: '172.16.0.1',
            port: 80,
            forwarding: 'tunnel',
            tunnel: { type: 'gue', port: 6080, checksum: 'csum' },
            weight: 1,
            upperThreshold: 0,
            lowerThreshold: 0,
            ...idle,
          },
          {
            address: '172.16.0.2',
            port: 8080,
            forwarding: 'masquerade',
            tunnel: null,
            weight: 3,
            upperThreshold: 100,
            lowerThreshold: 50,
            ...idle,
          },
        ],
      },
      {
        mark: 7,
        family: 6,
        scheduler: 'rr',
        schedulerFlags: [],
        onePacket: false,
        persistence: null,
        persistenceEngine: null,
        counters: none,
        rates: none,
        servers: [],
      },
    ],
  })
  assert.equal(JSON.parse(await output('-L -t 10.0.0.1:80 --json', table)).services.length, 1)
  assert.deepEqual(JSON.parse(await output('-L --json', new MemoryTable())).services, [])
})

test('-L --json has timeouts, daemons and connections', async () => {
  const table = new MemoryTable({ interfaces: new Map([['d0', 1500]]), connections: [connection(1), connection(2)] })
  await output('--start-daemon master --mcast-interface d0 --syncid 7', table)
  assert.deepEqual(JSON.parse(await output('-L --timeout --json', table)), {
    timeouts: { tcpS: 900, tcpFinS: 120, udpS: 300 },
  })
  assert.deepEqual(JSON.parse(await output('-L --daemon --json', table)), {
    syncDaemons: [
      { role: 'master', interface: 'd0', syncId: 7, maxLength: 1472, group: '224.0.0.81', port: 8848, ttl: 1 },
    ],
  })
  const { connections } = JSON.parse(await output('-Lc --json', table))
  assert.deepEqual(connections[1], {
    protocol: 'TCP',
    state: 'ESTABLISHED',
    expiresInS: 899,
    client: '10.0.0.2:2',
    virtual: '10.0.0.1:80',
    destination: '172.16.0.11:80',
  })
})

test('-S gives back marks and flags that ipvsadm would lose', async () => {
  const table = new MemoryTable()
  await output('-A -f 4294967295 -s sh -b flag-3', table)
  const rules = await output('-S -n', table)
  assert.equal(rules, '-A -f 4294967295 -s sh -b flag-3\n')
  const copy = new MemoryTable()
  await output('-R', copy, [rules])
  assert.equal(await output('-S -n', copy), rules)
})

test('-Lc prints while it reads: it never holds more than a piece of the table', async () => {
  let made = 0
  let largest = 0
  let ahead = 0
  let printed = 0
  const connections = {
    *[Symbol.iterator]() {
      for (; made < 20_000; made++) yield connection(made % 65536)
    },
  }
  const table = new MemoryTable({ connections: connections as unknown as ListedConnection[] })
  const io: Io = {
    ...recorded(),
    stdout: async text => {
      largest = Math.max(largest, text.length)
      printed += text.split('\n').length - 1
      ahead = Math.max(ahead, made - printed)
    },
  }
  assert.equal(await ipvsadm(['-Lcn'], io, () => table), 0)
  assert.equal(printed, 20_002)
  assert.ok(largest < 70_000 && ahead < 1000, `${largest} characters at once, ${ahead} connections ahead`)
})

test('-R reads lines wherever the stream is cut, and a last one that does not end', async () => {
  const text = '-A -t 10.0.0.1:80 -s rr\n\n-a -t 10.0.0.1:80 -r 172.16.0.1:80 -m -w 2\n-A -u 10.0.0.1:53 -s rr -o '
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat(text.length), { maxLength: 6 }), async cuts => {
      const places = [0, ...cuts.sort((a, b) => a - b), text.length]
      const pieces = places.slice(1).map((end, i) => Buffer.from(text.slice(places[i], end)))
      const table = new MemoryTable()
      await output('-R', table, pieces)
      assert.equal(
        await output('-Sn', table),
        '-A -t 10.0.0.1:80 -s rr\n-a -t 10.0.0.1:80 -r 172.16.0.1:80 -m -w 2\n-A -u 10.0.0.1:53 -s rr -o\n',
      )
    }),
  )
})

test('what -S prints of 1,000 services with 10 servers each, -R makes again', async () => {
  const rules = Array.from({ length: 1000 }, (_, i) => {
    const vip = `10.1.${i >> 8}.${i & 255}:80`
    const servers = Array.from({ length: 10 }, (_, j) => `-a -t ${vip} -r 10.2.0.${j}:8080 -m -w ${j}\n`)
    return `-A -t ${vip} -s wlc\n${servers.join('')}`
  }).join('')
  const table = new MemoryTable()
  await output('-R', table, [rules])
  assert.equal(await output('-Sn', table), rules)
})

test('any words at all end in a status, and in words unless it is 0', async () => {
  const word = fc.oneof(
    fc.constantFrom(
      '-A',
      '-E',
      '-a',
      '-e',
      '-d',
      '-L',
      '-Z',
      '-t',
      '-u',
      '-f',
      '-6',
      '-r',
      '-s',
      '-p',
      '-M',
      '-b',
      '-i',
      '-n',
    ),
    fc.constantFrom(
      '-c',
      '--stats',
      '--set',
      '--start-daemon',
      '--tun-type',
      '--mcast-group',
      '--',
      '-',
      '--json',
      '--pe',
    ),
    fc.constantFrom(
      '10.0.0.1:80',
      '[2001:db8::1]:80',
      '172.16.0.1',
      '7',
      'rr',
      'sh',
      'gue',
      'master',
      'vip',
      '[',
      ':',
      '64',
    ),
    fc.string(),
  )
  const command = fc.constantFrom('-A', '-E', '-D', '-a', '-e', '-d', '-L', '-S', '-Z', '-R', '--set', '--start-daemon')
  await fc.assert(
    fc.asyncProperty(command, fc.array(word, { maxLength: 8 }), async (first, words) => {
      const io = recorded()
      const status = await ipvsadm([first, ...words], io, () => new MemoryTable())
      assert.ok([0, 1, 2, 255].includes(status))
      assert.equal(io.err === '', status === 0)
    }),
    { numRuns: 2000 },
  )
})

test('a table that cannot be opened is said in one sentence; help and mistakes need no table', async () => {
  const closed = () => {
    throw new Error('no such thing')
  }
  const io = recorded()
  assert.equal(await ipvsadm(['-Ln'], io, closed), 2)
  assert.equal(io.err, "Can't initialize ipvs: no such thing\n")
  assert.equal(await ipvsadm(['-v'], recorded(), closed), 0)
  assert.equal(await ipvsadm(['-A'], recorded(), closed), 2)
})

test('anything but a refusal of the table is thrown on', async () => {
  const table = new MemoryTable()
  table.flush = () => {
    throw new RangeError('our mistake')
  }
  await assert.rejects(
    ipvsadm(['-C'], recorded(), () => table),
    RangeError,
  )
})

test('--json is refused with other commands', async () => {
  const io = recorded()
  assert.equal(await ipvsadm(['-S', '--json'], io, () => new MemoryTable()), 2)
  assert.equal(io.err, "Illegal 'json' option with the 'save' command\n")
})

test('ipvsadm-save prints what ipvsadm-restore takes, which clears the table first', async () => {
  const table = await exampleTable()
  const saved = recorded()
  assert.equal(await ipvsadmSave(['-n'], saved, () => table), 0)
  await output('-A -t 10.9.9.9:9 -s rr', table)
  assert.equal(await ipvsadmRestore([], recorded(['# saved\n', saved.out]), () => table), 0)
  assert.equal(await output('-Sn', table), saved.out)
})

function connection(port: number): ListedConnection {
  return {
    protocol: 'TCP',
    state: 'ESTABLISHED',
    expiresInS: 899,
    client: { address: ip('10.0.0.2'), port },
    virtual: { address: ip('10.0.0.1'), port: 80 },
    destination: { address: ip('172.16.0.11'), port: 80 },
  }
}
