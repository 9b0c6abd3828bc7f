import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ip, parseMac } from '../bytes/address.ts'
import { renderSnapshot } from './render-snapshot.ts'

test('renderSnapshot() shows who is active, what is up and what is wrong', () => {
  const text = renderSnapshot({
    version: 1,
    pid: 4711,
    routerId: 'LVS_DEVEL',
    configurationFile: '/etc/keepalived/keepalived.conf',
    startedAtMs: 0,
    takenAtMs: 200_000,
    processes: [
      { role: 'elections', pid: 4712, startedAtMs: 0, restarts: 0 },
      { role: 'checkers', pid: undefined, startedAtMs: 0, restarts: 2 },
    ],
    vrrp: [
      {
        name: 'VI_1',
        state: 'MASTER',
        sinceMs: 4000,
        faults: [],
        interface: 'eth0',
        routerId: 51,
        priority: 100,
        addresses: [
          {
            address: ip('192.168.41.249'),
            prefix: 32,
            interface: 'eth0',
            present: true,
            claimedBy: parseMac('02:00:00:00:00:09'),
          },
        ],
        counts: { sent: 196, 'wrong-password': 3 },
      },
      {
        name: 'VI_2',
        state: 'FAULT',
        sinceMs: 195_000,
        faults: ['interface eth1 down'],
        interface: 'eth1',
        routerId: 52,
        priority: 100,
        addresses: [],
        counts: {},
      },
    ],
    bfd: [
      {
        name: 'gateway',
        neighbour: ip('10.0.0.1'),
        state: 'Up',
        sinceMs: 0,
        detectionMs: 50,
        counts: { sent: 7, received: 9 },
      },
    ],
    virtualServers: [
      {
        service: 'TCP 192.168.41.249:80',
        quorum: false,
        upWeight: 1,
        neededWeight: 2,
        sorryServer: { address: ip('192.168.41.9'), port: 80, serving: true },
        suspended: false,
        realServers: [
          {
            address: ip('192.168.41.31'),
            port: 80,
            weight: 3,
            fullWeight: 10,
            up: true,
            drained: false,
            serving: true,
            sinceMs: 0,
            transitions: 0,
            heldLetters: 0,
            checkers: [
              {
                type: 'TCP_CHECK',
                up: true,
                proved: true,
                sinceMs: 0,
                lastError: undefined,
                latencyMs: 0.41,
                sharedBy: 1,
              },
            ],
          },
          {
            address: ip('192.168.41.33'),
            port: 80,
            weight: 3,
            fullWeight: 3,
            up: false,
            drained: false,
            serving: false,
            sinceMs: 0,
            transitions: 0,
            heldLetters: 0,
            checkers: [
              {
                type: 'TCP_CHECK',
                up: false,
                proved: true,
                sinceMs: 188_000,
                lastError: 'connection refused',
                latencyMs: undefined,
                sharedBy: 4,
              },
            ],
          },
          {
            address: ip('192.168.41.34'),
            port: 80,
            weight: 1,
            fullWeight: 1,
            up: true,
            drained: false,
            serving: false,
            sinceMs: 0,
            transitions: 0,
            heldLetters: 0,
            checkers: [],
          },
        ],
      },
    ],
    alarms: ['02:00:00:00:00:09 on eth0 claims 192.168.41.249, which is ours'],
    log: [],
  })
  assert.equal(
    text,
    `LVS_DEVEL: pid 4711, running for 3 min, /etc/keepalived/keepalived.conf

ALARMS
  02:00:00:00:00:09 on eth0 claims 192.168.41.249, which is ours

VRRP
  VI_1  MASTER for 3 min, eth0, router id 51, priority 100
      192.168.41.249/32 on eth0, CLAIMED BY 02:00:00:00:00:09
      sent 196, wrong-password 3
  VI_2  FAULT (interface eth1 down) for 5.0 s, eth1, router id 52, priority 100

SERVICES
  TCP 192.168.41.249:80  2 of 3 up, NO QUORUM (weight 1 of 2), sorry server 192.168.41.9:80 serves
      192.168.41.31:80  up, weight 3 of 10 (slow start): TCP_CHECK passes since 3 min, in 0.4 ms
      192.168.41.33:80  DOWN, weight 3: TCP_CHECK fails since 12 s, connection refused, one probe for 4
      192.168.41.34:80  up, but OUT while the sorry server serves, weight 1: nothing checks it

BFD
  gateway  Up for 3 min, with 10.0.0.1, silence is noticed after 50 ms, sent 7, received 9

PROCESSES
  elections  pid 4712, running for 3 min
  checkers  DEAD, started again 2 times
`,
  )
})
